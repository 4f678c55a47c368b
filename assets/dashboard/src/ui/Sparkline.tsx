import './sparkline.css';

const WIDTH = 88;
const HEIGHT = 20;

interface SparklineProps {
  /** What the line says, in words. */
  label: string;
  /** At equal distances; a null is a gap. */
  values: readonly (number | null)[];
  /** Upper end of the scale when it is known, as 100 for percent. */
  most?: number;
}

/** A small line without axes, drawn from zero. */
export function Sparkline({ label, values, most }: SparklineProps) {
  const highest = most ?? Math.max(...values.map((value) => value ?? 0), Number.MIN_VALUE);
  const x = (index: number) => 1 + (index / Math.max(1, values.length - 1)) * (WIDTH - 2);
  const y = (value: number) => HEIGHT - 2 - (Math.min(value, highest) / highest) * (HEIGHT - 4);
  return (
    <svg className="sparkline" role="img" aria-label={label} width={WIDTH} height={HEIGHT} viewBox={`0 0 ${WIDTH} ${HEIGHT}`}>
      <path d={path(values, x, y)} />
    </svg>
  );
}

/** A piece for each run of values; a value alone is a dot. */
function path(values: readonly (number | null)[], x: (index: number) => number, y: (value: number) => number): string {
  return values
    .map((value, index) => {
      if (value === null) return '';
      const joins = index > 0 && values[index - 1] !== null;
      const place = `${x(index).toFixed(1)} ${y(value).toFixed(1)}`;
      const alone = !joins && (values[index + 1] ?? null) === null;
      return `${joins ? 'L' : 'M'}${place}${alone ? 'h.01' : ''}`;
    })
    .join('');
}
