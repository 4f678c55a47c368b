// One cursor for all charts of a page: the moment that is looked at.
import { createContext, useContext, useRef, useSyncExternalStore, type ReactNode } from 'react';

export interface Cursor {
  /** Milliseconds since the epoch; null while nothing is looked at. */
  get(): number | null;
  set(time: number | null): void;
  subscribe(listener: () => void): () => void;
}

function createCursor(): Cursor {
  let time: number | null = null;
  const listeners = new Set<() => void>();
  return {
    get: () => time,
    set(next) {
      if (next === time) return;
      time = next;
      listeners.forEach((listener) => listener());
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

const CursorContext = createContext<Cursor>(createCursor());

export function SharedCursor({ children }: { children: ReactNode }) {
  const cursor = useRef<Cursor>(null);
  cursor.current ??= createCursor();
  return <CursorContext value={cursor.current}>{children}</CursorContext>;
}

export function useCursor(): Cursor {
  return useContext(CursorContext);
}

export function useCursorTime(): number | null {
  const cursor = useCursor();
  return useSyncExternalStore(cursor.subscribe, cursor.get);
}
