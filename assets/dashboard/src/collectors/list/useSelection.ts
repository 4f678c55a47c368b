import { useCallback, useMemo, useState } from 'react';
import type { Collector } from '../../api/types';

export interface Selection {
  ids: ReadonlySet<string>;
  /** The chosen collectors that are still there, whether the filters show them or not. */
  chosen: Collector[];
  toggle: (id: string) => void;
  /** Chooses these and no others. */
  choose: (ids: string[]) => void;
  clear: () => void;
}

/** Which collectors are chosen. A collector that goes away is no longer chosen. */
export function useSelection(collectors: Collector[]): Selection {
  const [ids, setIds] = useState<ReadonlySet<string>>(new Set());
  const toggle = useCallback((id: string) => {
    setIds((old) => {
      const next = new Set(old);
      if (!next.delete(id)) next.add(id);
      return next;
    });
  }, []);
  const choose = useCallback((wanted: string[]) => setIds(new Set(wanted)), []);
  const clear = useCallback(() => setIds(new Set()), []);
  const chosen = useMemo(() => (ids.size === 0 ? [] : collectors.filter(({ id }) => ids.has(id))), [collectors, ids]);
  return useMemo(() => ({ ids, chosen, toggle, choose, clear }), [ids, chosen, toggle, choose, clear]);
}
