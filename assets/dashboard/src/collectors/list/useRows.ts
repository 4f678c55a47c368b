import { useMemo, useRef } from 'react';
import type { Collector } from '../../api/types';
import { pendingUpdates } from '../../lib/order';
import { countByStatus, countCollectors, matchingButStatus, sorted, toRows, withStatus, type Row, type View } from './view';

/**
 * The rows of a view. While `held`, order and membership stay as they are on
 * screen, and `pending` counts what `apply` would change. A change of the
 * view itself is the person's own wish and shows at once.
 */
export function useRows(collectors: Collector[], view: View, viewKey: string, held: boolean) {
  const found = useMemo(() => {
    const candidates = matchingButStatus(collectors, view);
    const members = sorted(withStatus(candidates, view.status), view);
    return { counts: countByStatus(candidates), candidates: candidates.length, members, rows: toRows(members, view.groupBy) };
  }, [collectors, view]);

  const shown = useRef<{ viewKey: string; rows: Row[] }>({ viewKey: '', rows: [] });
  if (!held || shown.current.viewKey !== viewKey || shown.current.rows.length === 0) shown.current = { viewKey, rows: found.rows };
  const { rows } = shown.current;

  const pending = useMemo(
    () =>
      rows === found.rows
        ? 0
        : pendingUpdates(
            rows.map(({ key }) => key),
            found.rows.map(({ key }) => key),
          ),
    [rows, found.rows],
  );
  const apply = () => {
    shown.current = { viewKey, rows: found.rows };
  };
  return { ...found, rows, shown: countCollectors(rows), pending, apply };
}
