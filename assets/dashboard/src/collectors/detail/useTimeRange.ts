// The time range of a tab, which the URL holds.
import { useEffect, useMemo, useState } from 'react';
import { DEFAULT_RANGE, isLive, resolveRange, type Span, type TimeRange } from '../../lib/timeRange';
import { useViewParams } from '../../lib/viewParams';

const MOVE_EVERY_MS = 10_000;

export function useTimeRange(moveEveryMs = MOVE_EVERY_MS) {
  const { params, change } = useViewParams();
  const range: TimeRange = { from: params.get('from') ?? DEFAULT_RANGE.from, to: params.get('to') ?? DEFAULT_RANGE.to };
  const span = useSpan(range, moveEveryMs);
  const setRange = (next: TimeRange) => {
    const isDefault = next.from === DEFAULT_RANGE.from && next.to === DEFAULT_RANGE.to;
    change({ from: isDefault ? null : next.from, to: isDefault || isLive(next) ? null : next.to });
  };
  const zoom = (fromMs: number, toMs: number) => setRange({ from: new Date(fromMs).toISOString(), to: new Date(toMs).toISOString() });
  return { range, span, setRange, zoom };
}

/** The span of the range; one that ends now moves on by itself. */
function useSpan(range: TimeRange, moveEveryMs: number): Span {
  const [now, setNow] = useState(Date.now);
  const live = isLive(range);
  useEffect(() => {
    setNow(Date.now());
    if (!live) return;
    const timer = setInterval(() => setNow(Date.now()), moveEveryMs);
    return () => clearInterval(timer);
  }, [live, range.from, range.to, moveEveryMs]);
  return useMemo(() => resolveRange({ from: range.from, to: range.to }, now), [range.from, range.to, now]);
}
