// The log of a collector's database while it is read: the last hours, more of
// the past when it is asked for, and what arrives meanwhile.
import { useCallback, useEffect, useState } from 'react';
import { useDispatch } from 'react-redux';
import type { Dispatch } from '../../../api/client';
import type { ApiError } from '../../../api/problem';
import type { DocumentsReply, LogEntry } from '../../../api/types';
import { useLatest } from '../../../lib/hooks';
import { askForDocuments } from './api';
import { entriesOf } from './database';

const HOUR_MS = 3_600_000;
/** How far back is looked: the first reach that finds something, then one more for each request. */
const REACHES_HOURS = [1, 6, 24, 7 * 24, 30 * 24, 90 * 24];
const MOST_PAGES = 10;
const LOOK_EVERY_MS = 5000;

type Documents = DocumentsReply['documents'];

export function useDatabaseLog(id: string) {
  const [documents, setDocuments] = useState<Documents | null>(null);
  const [entries, setEntries] = useState<LogEntry[]>([]);
  const [reach, setReach] = useState(0);
  const [error, setError] = useState<ApiError | undefined>();
  const [loadingOlder, setLoadingOlder] = useState(false);
  const dispatch = useDispatch<Dispatch>();
  const latest = useLatest({ id, documents, reach });

  const read = useCallback(
    async (from: number): Promise<Documents | null> => {
      const found: Documents = [];
      let cursor: string | undefined;
      for (let page = 0; page < MOST_PAGES; page += 1) {
        const answer = await askForDocuments(dispatch, { id, type: 'pg_log', from: new Date(from).toISOString(), cursor });
        setError(answer.error);
        if (!answer.data || latest.current.id !== id) return null;
        found.push(...answer.data.documents);
        cursor = answer.data.next_cursor ?? undefined;
        if (!cursor) break;
      }
      return found;
    },
    [dispatch, id, latest],
  );

  const keep = useCallback((next: Documents) => {
    setDocuments(next);
    setEntries(entriesOf(next));
  }, []);

  /** Looks back at least so far, and farther until there is something. */
  const lookBack = useCallback(
    async (first: number) => {
      for (let at = first; at < REACHES_HOURS.length; at += 1) {
        const found = await read(Date.now() - (REACHES_HOURS[at] as number) * HOUR_MS);
        if (!found) return;
        setReach(at);
        const more = found.length > (latest.current.documents?.length ?? 0);
        if (!more && at < REACHES_HOURS.length - 1) continue;
        return keep(found);
      }
    },
    [read, keep, latest],
  );

  useEffect(() => {
    setDocuments(null);
    setEntries([]);
    setReach(0);
    latest.current.documents = null;
    void lookBack(0);
  }, [lookBack, latest]);

  useEffect(() => {
    const look = async () => {
      const known = latest.current.documents;
      if (document.visibilityState === 'hidden' || !known) return;
      const last = known.at(-1);
      const found = await read(last ? Date.parse(last.timestamp) : Date.now() - HOUR_MS);
      const seqs = new Set(latest.current.documents?.map(({ seq }) => seq));
      const fresh = found?.filter(({ seq }) => !seqs.has(seq)) ?? [];
      if (fresh.length > 0) keep([...(latest.current.documents ?? []), ...fresh]);
    };
    const timer = setInterval(() => void look(), LOOK_EVERY_MS);
    return () => clearInterval(timer);
  }, [read, keep, latest]);

  const loadOlder = useCallback(async () => {
    setLoadingOlder(true);
    await lookBack(latest.current.reach + 1);
    setLoadingOlder(false);
  }, [lookBack, latest]);

  return {
    entries: documents ? entries : null,
    error,
    reload: () => void lookBack(reach),
    loadOlder,
    loadingOlder,
    hasOlder: reach < REACHES_HOURS.length - 1,
  };
}
