// The log of a collector while it is read: its newest page, older pages when
// they are asked for, and what arrives meanwhile.
import { useCallback, useEffect, useState } from 'react';
import { useDispatch } from 'react-redux';
import type { Dispatch } from '../../../api/client';
import type { ApiError } from '../../../api/problem';
import type { LogPage } from '../../../api/types';
import { useLatest } from '../../../lib/hooks';
import { askForLogs, type LogFilter, type LogRequest } from './api';
import { newest, withNewer, withOlder, type Loaded } from './entries';

const PAGE = 500;
/** The most that one reply has; more than that between two looks means to begin anew. */
const MOST_NEW = 1000;
const LOOK_EVERY_MS = 3000;

export function useLog(filter: LogFilter) {
  const { id, search } = filter;
  const level = filter.level.join();
  const [loaded, setLoaded] = useState<Loaded | null>(null);
  /** All entries of this collector, whatever the filter. */
  const [all, setAll] = useState<number | null>(null);
  const [error, setError] = useState<ApiError | undefined>();
  const [loadingOlder, setLoadingOlder] = useState(false);
  const dispatch = useDispatch<Dispatch>();
  const latest = useLatest({ loaded, filter });

  /** Asks, and hands on the answer unless the filter has changed meanwhile. */
  const fetchPage = useCallback(
    async (request: Omit<LogRequest, keyof LogFilter>, take: (page: LogPage) => void) => {
      const asked = latest.current.filter;
      const answer = await askForLogs(dispatch, { ...asked, ...request });
      const now = latest.current.filter;
      if (now.id !== asked.id || now.search !== asked.search || now.level.join() !== asked.level.join()) return;
      setError(answer.error);
      if (answer.data) take(answer.data);
    },
    [dispatch, latest],
  );

  const countAll = useCallback(async () => {
    const answer = await askForLogs(dispatch, { id, level: [], search: '', limit: 1 });
    if (answer.data) setAll(answer.data.total);
  }, [dispatch, id]);

  const reload = useCallback(async () => {
    await Promise.all([fetchPage({ limit: PAGE }, (page) => setLoaded(newest(page))), countAll()]);
  }, [fetchPage, countAll]);

  useEffect(() => void reload(), [reload, level, search]);
  useEffect(() => setLoaded(null), [id]);

  useEffect(() => {
    const look = async () => {
      const after = latest.current.loaded?.lastId;
      if (document.visibilityState === 'hidden') return;
      if (after === undefined || after === null) return reload();
      await fetchPage({ limit: MOST_NEW, after }, (page) => {
        if (page.total > MOST_NEW) return void reload();
        if (page.last_id !== after) void countAll();
        setLoaded((old) => (old ? withNewer(old, page) : old));
      });
    };
    const timer = setInterval(() => void look(), LOOK_EVERY_MS);
    return () => clearInterval(timer);
  }, [fetchPage, reload, countAll, latest]);

  const loadOlder = useCallback(async () => {
    setLoadingOlder(true);
    const offset = latest.current.loaded?.entries.length ?? 0;
    await fetchPage({ limit: PAGE, offset }, (page) => setLoaded((old) => (old ? withOlder(old, page) : old)));
    setLoadingOlder(false);
  }, [fetchPage, latest]);

  return { loaded, all, error, reload, loadOlder, loadingOlder };
}
