// From series to what a chart draws: one time axis, gaps kept as gaps.

export type Point = readonly [unixMs: number, value: number | null];

export interface Line {
  label: string;
  points: readonly Point[];
}

/** `undefined`: this line has no point here. `null`: a gap begins here. */
export type Value = number | null | undefined;

export interface Aligned {
  times: number[];
  values: Value[][];
}

/** A silence of more than this many usual distances is a gap. */
const GAP_DISTANCES = 2.5;

/** The usual distance between points, in milliseconds. */
export function usualDistance(points: readonly Point[]): number {
  const distances = points.slice(1).map((point, index) => point[0] - (points[index] as Point)[0]);
  distances.sort((a, b) => a - b);
  return distances[Math.floor(distances.length / 2)] ?? 0;
}

/** Puts a null where a line falls silent, so that it is not drawn across. */
export function withGaps(points: readonly Point[]): Point[] {
  const longest = usualDistance(points) * GAP_DISTANCES;
  const result: Point[] = [];
  points.forEach((point, index) => {
    const before = points[index - 1];
    if (before && longest > 0 && point[0] - before[0] > longest) result.push([before[0] + longest / GAP_DISTANCES, null]);
    result.push(point);
  });
  return result;
}

export function align(lines: readonly Line[]): Aligned {
  const maps = lines.map(({ points }) => new Map(withGaps(points)));
  const times = [...new Set(maps.flatMap((map) => [...map.keys()]))].sort((a, b) => a - b);
  return { times, values: maps.map((map) => times.map((time) => map.get(time))) };
}

export interface Summary {
  latest: number;
  least: number;
  most: number;
  mean: number;
}

export function summarise(points: readonly Point[]): Summary | null {
  const values = points.map(([, value]) => value).filter((value): value is number => value !== null);
  const latest = values.at(-1);
  if (latest === undefined) return null;
  const sum = values.reduce((total, value) => total + value, 0);
  return { latest, least: Math.min(...values), most: Math.max(...values), mean: sum / values.length };
}

/**
 * Change per second of a counter. A counter that falls was reset: that step
 * is a gap, not a negative rate.
 */
export function rate(points: readonly Point[]): Point[] {
  return points.slice(1).map(([time, value], index) => {
    const [timeBefore, before] = points[index] as Point;
    if (value === null || before === null || value < before || time <= timeBefore) return [time, null];
    return [time, ((value - before) * 1000) / (time - timeBefore)];
  });
}

/** The index of the time that is nearest. */
export function nearest(times: readonly number[], time: number): number {
  let low = 0;
  let high = times.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((times[middle] as number) < time) low = middle + 1;
    else high = middle;
  }
  const before = times[low - 1];
  return before !== undefined && time - before < (times[low] as number) - time ? low - 1 : low;
}
