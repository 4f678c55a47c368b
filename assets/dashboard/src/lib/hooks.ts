import { useCallback, useEffect, useRef, useState, useSyncExternalStore } from 'react';
import { onPreferences, preferences, type Preferences } from './preferences';

export function usePreferences(): Preferences {
  return useSyncExternalStore(onPreferences, preferences);
}

export function useMediaQuery(query: string): boolean {
  const subscribe = useCallback(
    (changed: () => void) => {
      const list = matchMedia(query);
      list.addEventListener('change', changed);
      return () => list.removeEventListener('change', changed);
    },
    [query],
  );
  return useSyncExternalStore(subscribe, () => matchMedia(query).matches);
}

export function usePhone(): boolean {
  return useMediaQuery('(max-width: 600px)');
}

/** True once `active` has lasted for `delayMs`; false again at once. */
export function useLasting(active: boolean, delayMs: number): boolean {
  const [lasting, setLasting] = useState(false);
  useEffect(() => {
    if (!active) return setLasting(false);
    const timer = setTimeout(() => setLasting(true), delayMs);
    return () => clearTimeout(timer);
  }, [active, delayMs]);
  return lasting;
}

/** A ref that always holds the latest value, for handlers that are bound once. */
export function useLatest<T>(value: T) {
  const ref = useRef(value);
  useEffect(() => {
    ref.current = value;
  });
  return ref;
}

/** `document.title` as every page words it. */
export function usePageTitle(title: string): void {
  useEffect(() => {
    document.title = `${title} · pgAnalytics`;
  }, [title]);
}

/** The value once it has stayed the same for `delayMs`. */
export function useSettled<T>(value: T, delayMs: number): T {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), delayMs);
    return () => clearTimeout(timer);
  }, [value, delayMs]);
  return settled;
}
