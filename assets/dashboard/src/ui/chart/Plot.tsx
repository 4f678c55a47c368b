// The drawn part of a chart. uPlot paints on a canvas that is hidden from the
// accessibility tree: slider, summary and table of the figure say the same.
import { useEffect, useRef } from 'react';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { useLatest, usePreferences } from '../../lib/hooks';
import { isDark } from '../../lib/preferences';
import { zoneName } from '../../lib/time';
import { useCursor } from './cursor';
import type { Aligned } from './data';
import { drawMarks, type Mark, type Threshold } from './marks';

const HEIGHT = 180;
const DASHES: number[][] = [[], [], [6, 4], [2, 3], [8, 3, 2, 3], [1, 4]];
const LEAST_DRAG_PX = 6;
/** Steps of an axis that counts bytes: 1 B to 1 PiB. */
const POWERS_OF_TWO = Array.from({ length: 51 }, (_, power) => 2 ** power);

export interface PlotProps {
  data: Aligned;
  labels: string[];
  fromMs: number;
  toMs: number;
  /** Upper end of the scale when it is known, as 100 for percent. */
  most?: number | undefined;
  /** The values are bytes. */
  binary?: boolean | undefined;
  marks: readonly Mark[];
  threshold: Threshold | undefined;
  format: (value: number) => string;
  onZoom: (fromMs: number, toMs: number) => void;
}

export default function Plot({ data, labels, fromMs, toMs, most, binary, marks, threshold, format, onZoom }: PlotProps) {
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>(null);
  const cursor = useCursor();
  const latest = useLatest({ data, format, onZoom, fromMs, toMs, marks, threshold });
  usePreferences();
  const dark = isDark();
  const zone = zoneName();
  const lines = labels.join('\n');

  useEffect(() => {
    const element = box.current;
    if (!element) return;
    const colour = (name: string) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
    const axis = {
      stroke: colour('--muted'),
      grid: { stroke: colour('--divider'), width: 1 },
      ticks: { stroke: colour('--divider'), width: 1, size: 4 },
      font: '12px system-ui, sans-serif',
    };
    const options: uPlot.Options = {
      width: element.clientWidth,
      height: HEIGHT,
      legend: { show: false },
      ...(zone ? { tzDate: (seconds: number) => uPlot.tzDate(new Date(seconds * 1000), zone) } : {}),
      cursor: { drag: { x: true, y: false, setScale: false, dist: LEAST_DRAG_PX }, points: { size: 6 }, y: false },
      scales: {
        x: { time: true, range: () => [latest.current.fromMs / 1000, latest.current.toMs / 1000] },
        y: { range: (_, least, highest) => scale(least, highest, most) },
      },
      axes: [
        { ...axis, size: 28, space: 70, values: (u, splits) => timeLabels(splits, (u.scales.x?.max ?? 0) - (u.scales.x?.min ?? 0), zone) },
        {
          ...axis,
          size: 64,
          space: 32,
          ...(binary ? { incrs: POWERS_OF_TWO } : {}),
          values: (_, splits) => splits.map((value) => latest.current.format(value)),
        },
      ],
      series: [{}, ...lines.split('\n').map((label, index) => line(label, index, colour))],
      hooks: {
        draw: [(u) => drawMarks(u, latest.current.marks, latest.current.threshold, colour)],
        setCursor: [
          (u) => u.cursor.event && cursor.set(typeof u.cursor.idx === 'number' ? (latest.current.data.times[u.cursor.idx] ?? null) : null),
        ],
        setSelect: [
          (u) => {
            if (u.select.width < LEAST_DRAG_PX) return;
            latest.current.onZoom(u.posToVal(u.select.left, 'x') * 1000, u.posToVal(u.select.left + u.select.width, 'x') * 1000);
            u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
          },
        ],
      },
    };
    const drawn = new uPlot(options, toPlot(latest.current.data), element);
    plot.current = drawn;
    const resized = new ResizeObserver(() => element.clientWidth > 0 && drawn.setSize({ width: element.clientWidth, height: HEIGHT }));
    resized.observe(element);
    const follow = cursor.subscribe(() => {
      const time = cursor.get();
      if (drawn.cursor.event && element.matches(':hover')) return;
      drawn.setCursor(time === null ? { left: -10, top: -10 } : { left: drawn.valToPos(time / 1000, 'x'), top: 0 }, false);
    });
    return () => {
      follow();
      resized.disconnect();
      drawn.destroy();
      plot.current = null;
    };
  }, [lines, dark, zone, most, binary, cursor, latest]);

  useEffect(() => {
    plot.current?.setData(toPlot(data));
  }, [data, fromMs, toMs, marks, threshold]);

  return <div className="plot" ref={box} aria-hidden="true" />;
}

function toPlot({ times, values }: Aligned): uPlot.AlignedData {
  return [times.map((time) => time / 1000), ...values] as uPlot.AlignedData;
}

function line(label: string, index: number, colour: (name: string) => string): uPlot.Series {
  return {
    label,
    stroke: colour(`--series-${(index % 6) + 1}`),
    width: 1.5,
    dash: DASHES[index % DASHES.length] ?? [],
    points: { show: (u, seriesIndex) => alone(u, seriesIndex), size: 4 },
  };
}

/** A line of a point or two is invisible unless its points are drawn. */
function alone(u: uPlot, seriesIndex: number): boolean {
  const values = u.data[seriesIndex] ?? [];
  let count = 0;
  for (const value of values) if (typeof value === 'number' && ++count > 2) return false;
  return true;
}

/** From zero, with some air above, and never a scale without height. */
function scale(least: number | null, highest: number | null, most: number | undefined): [number, number] {
  if (most !== undefined) return [0, most];
  const low = Math.min(0, least ?? 0);
  const high = highest ?? 0;
  return [low, high > low ? high + (high - low) * 0.1 : low + 1];
}

function timeLabels(splits: number[], spanSeconds: number, zone: string | undefined): string[] {
  const short = spanSeconds <= 2 * 86_400;
  const format = new Intl.DateTimeFormat('en-GB', {
    ...(short
      ? { hour: '2-digit', minute: '2-digit', ...(spanSeconds < 600 ? { second: '2-digit' } : {}) }
      : { month: 'short', day: 'numeric', ...(spanSeconds < 8 * 86_400 ? { hour: '2-digit', minute: '2-digit' } : {}) }),
    hourCycle: 'h23',
    timeZone: zone,
  });
  return splits.map((seconds) => format.format(seconds * 1000));
}
