// The URL is the view: filters, sort order, tabs and ranges live in the query
// string, defaults are left out.
import { useCallback, useRef } from 'react';
import { useSearchParams } from 'react-router';

export type Change = Record<string, string | string[] | null>;

/** Applies a change; null, '' and [] remove the key. */
export function changedParams(current: URLSearchParams, change: Change): URLSearchParams {
  const next = new URLSearchParams(current);
  for (const [key, value] of Object.entries(change)) {
    next.delete(key);
    for (const each of Array.isArray(value) ? value : [value]) if (each) next.append(key, each);
  }
  return next;
}

/**
 * The query string as it stands in the address. What was last drawn may be a
 * change behind it, and a change that starts from there takes that one back.
 */
const inAddress = () => new URLSearchParams(window.location.search);

/**
 * The query string and a way to change it. Each change is an entry of the
 * history, except that typing into one box makes one entry however many keys
 * were pressed: `typed` replaces the entry while it follows itself.
 */
export function useViewParams() {
  const [params, setParams] = useSearchParams();
  const typing = useRef<string | null>(null);

  const change = useCallback(
    (by: Change) => {
      typing.current = null;
      setParams(changedParams(inAddress(), by));
    },
    [setParams],
  );
  const typed = useCallback(
    (key: string, value: string) => {
      const replace = typing.current === key;
      typing.current = key;
      setParams(changedParams(inAddress(), { [key]: value }), { replace });
    },
    [setParams],
  );
  const settled = useCallback(() => {
    typing.current = null;
  }, []);
  return { params, change, typed, settled };
}
