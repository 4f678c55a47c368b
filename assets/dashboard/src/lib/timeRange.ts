// A time range as the URL writes it: `from=now-1h&to=now`, or ISO times.

export interface TimeRange {
  from: string;
  to: string;
}

export interface Span {
  fromMs: number;
  toMs: number;
}

export const DEFAULT_RANGE: TimeRange = { from: 'now-1h', to: 'now' };

const UNIT_MS: Record<string, number> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const RELATIVE = /^now(?:([+-])(\d+)([smhd]))?$/;

/** Milliseconds since the epoch, or null when the text is no time. */
export function parseTime(text: string, now: number): number | null {
  const relative = RELATIVE.exec(text.trim());
  if (relative) {
    const [, sign, amount, unit] = relative;
    if (!amount || !unit) return now;
    const span = Number(amount) * (UNIT_MS[unit] ?? 0);
    return sign === '-' ? now - span : now + span;
  }
  const absolute = Date.parse(
    text
      .trim()
      .replace(' UTC', 'Z')
      .replace(/^(\d{4}-\d{2}-\d{2}) (\d)/, '$1T$2'),
  );
  return Number.isNaN(absolute) ? null : absolute;
}

/** The span of a range now; an unreadable or empty one becomes the default. */
export function resolveRange(range: TimeRange, now: number): Span {
  const fromMs = parseTime(range.from, now);
  const toMs = parseTime(range.to, now);
  if (fromMs === null || toMs === null || fromMs >= toMs) return { fromMs: now - 3_600_000, toMs: now };
  return { fromMs, toMs };
}

export function isLive(range: TimeRange): boolean {
  return range.to === 'now';
}

/** Twice as wide around the same middle, and never past now. */
export function zoomOut(span: Span, now: number): Span {
  const half = (span.toMs - span.fromMs) / 2;
  const toMs = Math.min(now, span.toMs + half);
  return { fromMs: toMs - 4 * half, toMs };
}

const POINTS_PER_CHART = 720;

/**
 * Seconds between points, so that a chart has about one per pixel pair; 0
 * leaves the points as pushed. A step is at least two intervals long, because
 * a step without a point would be drawn as a gap.
 */
export function stepFor(span: Span, intervalSeconds: number): number {
  const seconds = (span.toMs - span.fromMs) / 1000;
  if (seconds / intervalSeconds <= POINTS_PER_CHART) return 0;
  return Math.max(2 * intervalSeconds, Math.ceil(seconds / POINTS_PER_CHART / 60) * 60);
}
