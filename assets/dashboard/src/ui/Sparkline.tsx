import './sparkline.css';

interface SparklineProps {
  /** What the line says, in words. */
  label: string;
  /** At equal distances; a null is a gap. */
  values: readonly (number | null)[];
  /** Upper end of the scale when it is known, as 100 for percent. */
  most?: number;
  width?: number;
  height?: number;
}

/** A small line without axes, drawn from zero. */
export function Sparkline({ label, values, most, width = 88, height = 20 }: SparklineProps) {
  const highest = most ?? Math.max(...values.map((value) => value ?? 0), Number.MIN_VALUE);
  const x = (index: number) => 1 + (index / Math.max(1, values.length - 1)) * (width - 2);
  const y = (value: number) => height - 2 - (Math.min(value, highest) / highest) * (height - 4);
  return (
    <svg className="sparkline" role="img" aria-label={label} width={width} height={height} viewBox={`0 0 ${width} ${height}`}>
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
