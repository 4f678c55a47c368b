// What a day of availability is drawn and read as.

export interface Day {
  /** In UTC, as 2026-11-20. */
  date: string;
  /** Of the time that is known; null where none is. */
  percentage?: number | null | undefined;
  down_seconds?: number | null | undefined;
}

export type DayKind = 'up' | 'partial' | 'down' | 'unknown';

export function kindOf({ percentage, down_seconds }: Day): DayKind {
  if (percentage === null || percentage === undefined) return 'unknown';
  if (percentage === 0) return 'down';
  return percentage === 100 && !down_seconds ? 'up' : 'partial';
}

/** Cut off, not rounded: 99.97 percent must not read as 100. */
export function cutOff(percentage: number): number {
  return percentage > 99.9 && percentage < 100 ? 99.9 : percentage;
}
