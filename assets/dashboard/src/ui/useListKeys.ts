import { useEffect, useRef, useState, type KeyboardEvent } from 'react';

/**
 * The keys of an open list of choices, which has the focus from the start: arrows, Home and End move, Enter and
 * Space choose. The active option has the class `active`.
 */
export function useListKeys(count: number, first: number, onChoose: (index: number) => void) {
  const list = useRef<HTMLUListElement>(null);
  const [active, setActive] = useState(first);
  useEffect(() => list.current?.focus({ preventScroll: true }), []);
  useEffect(() => {
    list.current?.querySelector('.active')?.scrollIntoView({ block: 'nearest' });
  }, [active]);

  const onKeyDown = (event: KeyboardEvent) => {
    const last = count - 1;
    const moves: Record<string, number> = { ArrowDown: Math.min(last, active + 1), ArrowUp: Math.max(0, active - 1), Home: 0, End: last };
    const next = moves[event.key];
    if (next !== undefined) setActive(next);
    else if (event.key === 'Enter' || event.key === ' ') onChoose(active);
    else return;
    event.preventDefault();
  };
  return { list, active, onKeyDown };
}
