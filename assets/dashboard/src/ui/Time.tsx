// A moment as relative or absolute text. All of them share one ticker, and a
// cell is drawn again only when its own text changes.
import { useCallback, useSyncExternalStore } from 'react';
import { MISSING } from '../lib/format';
import { onPreferences, preferences } from '../lib/preferences';
import { formatAbsolute, formatRelative } from '../lib/time';

const TICK_MS = 1000;
const listeners = new Set<() => void>();
let timer: ReturnType<typeof setInterval> | undefined;

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  timer ??= setInterval(() => listeners.forEach((tick) => tick()), TICK_MS);
  const forget = onPreferences(listener);
  return () => {
    listeners.delete(listener);
    forget();
    if (listeners.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
}

export function Time({ value }: { value: string | null | undefined }) {
  const time = value ? Date.parse(value) : Number.NaN;
  const text = useCallback(() => {
    if (Number.isNaN(time)) return MISSING;
    return preferences().timeFormat === 'absolute' ? formatAbsolute(time) : formatRelative(time, Date.now());
  }, [time]);
  const shown = useSyncExternalStore(subscribe, text);
  if (Number.isNaN(time)) return <span className="muted">{MISSING}</span>;
  return <time dateTime={value as string}>{shown}</time>;
}
