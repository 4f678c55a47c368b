// The scrolling of the log: which entries are in the document, staying at the
// end while it is followed, and staying put when older entries come above.
import { useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState, type RefObject } from 'react';
import { flushSync } from 'react-dom';
import type { LogEntry } from '../../../api/types';
import { useLatest } from '../../../lib/hooks';
import type { Window } from '../../../lib/windowing';
import { tops, windowOf, type LineLayout } from './layout';

/** This near to the end is at the end. */
const END_PX = 24;
/** Time and level stand beside the message, or above it on a phone. */
const BESIDE_PX = 332;
const PADDING_PX = 28;
const PROBE_LETTERS = 100;

interface LogScroll {
  entries: LogEntry[];
  wrap: boolean;
  phone: boolean;
  follow: boolean;
  /** Somebody scrolled up. */
  onPause: () => void;
}

export function useLogScroll(region: RefObject<HTMLElement | null>, { entries, wrap, phone, follow, onPause }: LogScroll) {
  const layout = useLineLayout(region, wrap, phone);
  const top = useMemo(() => tops(entries, layout), [entries, layout]);
  const latest = useLatest({ top, onPause });
  const [visible, setVisible] = useState<Window>({ first: 0, end: 0 });

  const look = useCallback(
    (places: number[]) => {
      const element = region.current;
      if (!element) return;
      const next = windowOf(places, element.scrollTop, element.clientHeight);
      setVisible((old) => (old.first === next.first && old.end === next.end ? old : next));
    },
    [region],
  );
  const measure = useCallback(() => look(latest.current.top), [look, latest]);

  useLayoutEffect(() => {
    const element = region.current;
    if (!element) return;
    let before = element.scrollTop;
    const scrolled = () => {
      const left = element.scrollHeight - element.clientHeight - element.scrollTop;
      if (element.scrollTop < before && left > END_PX) latest.current.onPause();
      before = element.scrollTop;
      measure();
    };
    // Paper has no scroll bar: all entries are printed.
    const showAll = () => flushSync(() => setVisible({ first: 0, end: latest.current.top.length - 1 }));
    const resized = new ResizeObserver(measure);
    resized.observe(element);
    element.addEventListener('scroll', scrolled, { passive: true });
    addEventListener('beforeprint', showAll);
    addEventListener('afterprint', measure);
    return () => {
      resized.disconnect();
      element.removeEventListener('scroll', scrolled);
      removeEventListener('beforeprint', showAll);
      removeEventListener('afterprint', measure);
    };
  }, [region, measure, latest]);

  useKeepPlace(region, entries, top, follow);
  // What is drawn now is not yet the latest.
  useLayoutEffect(() => look(top), [look, top]);

  const show = useCallback(
    (row: number) => {
      const element = region.current;
      const { top: begins } = latest.current;
      if (element) element.scrollTop = (begins[row] ?? 0) - element.clientHeight / 2;
    },
    [region, latest],
  );
  const last = top.length - 1;
  const end = Math.min(visible.end, last);
  const first = Math.min(visible.first, end);
  return { top, visible: { first, end }, above: top[first] ?? 0, below: (top[last] ?? 0) - (top[end] ?? 0), show };
}

/** At the end while following; otherwise what is on screen stays where it is when entries come above it. */
function useKeepPlace(region: RefObject<HTMLElement | null>, entries: LogEntry[], top: number[], follow: boolean): void {
  const first = useRef<number | undefined>(undefined);
  useLayoutEffect(() => {
    const element = region.current;
    const before = first.current;
    first.current = entries[0]?.id;
    if (!element) return;
    if (follow) {
      element.scrollTop = element.scrollHeight;
      return;
    }
    const came = before === undefined ? -1 : entries.findIndex(({ id }) => id === before);
    if (came > 0) element.scrollTop += top[came] ?? 0;
  }, [region, entries, top, follow]);
}

function useLineLayout(region: RefObject<HTMLElement | null>, wrap: boolean, phone: boolean): LineLayout {
  const [width, setWidth] = useState(0);
  const [letterPx, setLetterPx] = useState(8);
  useEffect(() => {
    const element = region.current;
    if (!element) return;
    const probe = element.querySelector('.log-probe');
    const resized = new ResizeObserver(() => {
      setWidth(element.clientWidth);
      if (probe) setLetterPx(probe.getBoundingClientRect().width / PROBE_LETTERS || 8);
    });
    resized.observe(element);
    return () => resized.disconnect();
  }, [region]);
  return useMemo(() => {
    if (phone) return { letters: lettersIn(width - PADDING_PX, letterPx), besidePx: 40 };
    return { letters: wrap ? lettersIn(width - BESIDE_PX, letterPx) : Infinity, besidePx: 8 };
  }, [width, letterPx, wrap, phone]);
}

function lettersIn(widthPx: number, letterPx: number): number {
  return Math.max(10, Math.floor(widthPx / letterPx));
}

export const PROBE = '0'.repeat(PROBE_LETTERS);
