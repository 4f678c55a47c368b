// What the agent writes of its own work, or what its database wrote.
import { useMemo, useRef } from 'react';
import { Failed } from '../../../api/Failed';
import type { ApiError } from '../../../api/problem';
import type { LogEntry, LogLevel } from '../../../api/types';
import { download, toCsv } from '../../../lib/csv';
import { useSettled } from '../../../lib/hooks';
import { changedParams, useViewParams } from '../../../lib/viewParams';
import { useShortcuts } from '../../../ui/shortcuts';
import { Loading } from '../../../ui/states';
import { exportAddress } from './api';
import { matching } from './database';
import { LEVELS } from './entries';
import type { Source } from './LogBar';
import { LogView } from './LogView';
import { t } from './strings';
import { useDatabaseLog } from './useDatabaseLog';
import { useLog } from './useLog';
import './logs.css';

const ASK_AFTER_MS = 250;

export function LogsTab({ id }: { id: string }) {
  const view = useLogView();
  return (
    <div className="logs">{view.bar.source === 'database' ? <DatabaseLog id={id} view={view} /> : <AgentLog id={id} view={view} />}</div>
  );
}

/** What the address asks for, the same for both logs. */
function useLogView() {
  const { params, change, typed, settled } = useViewParams();
  const search = params.get('q') ?? '';
  const levels = params.getAll('level').filter((each): each is LogLevel => (LEVELS as string[]).includes(each));
  const box = useRef<HTMLInputElement>(null);
  useShortcuts({ '/': () => box.current?.focus() });
  const source: Source = params.get('source') === 'database' ? 'database' : 'agent';
  return {
    asked: useSettled(search, ASK_AFTER_MS),
    line: Number(params.get('line')) || null,
    linkTo: ({ id: entry }: LogEntry) => `?${changedParams(params, { line: String(entry) })}`,
    onClear: () => change({ q: null, level: null }),
    bar: {
      box,
      source,
      search,
      levels,
      onSource: (next: Source) => change({ source: next === 'agent' ? null : next, level: null, line: null }),
      onSearch: (text: string) => typed('q', text),
      onSettle: settled,
      onLevels: (level: LogLevel[]) => change({ level }),
    },
  };
}

interface LogProps {
  id: string;
  view: ReturnType<typeof useLogView>;
}

function AgentLog({ id, view: { asked, bar, ...view } }: LogProps) {
  const filter = { id, level: bar.levels, search: asked };
  const log = useLog(filter);
  const { loaded } = log;
  return (
    <>
      <State error={log.error} loading={!loaded} onRetry={() => void log.reload()} />
      {loaded && (
        <LogView
          {...view}
          loaded={loaded}
          all={log.all}
          search={asked}
          hasOlder={loaded.entries.length < loaded.total}
          loadingOlder={log.loadingOlder}
          onOlder={() => void log.loadOlder()}
          emptyWhy={t('emptyWhy')}
          // The server writes the file, also what is not loaded here.
          bar={{ ...bar, counts: loaded.levels, onExport: () => follow(exportAddress(filter)) }}
        />
      )}
    </>
  );
}

function DatabaseLog({ id, view: { asked, bar, ...view } }: LogProps) {
  const log = useDatabaseLog(id);
  const levels = bar.levels.join();
  const loaded = useMemo(
    () => log.entries && matching(log.entries, levels === '' ? [] : (levels.split(',') as LogLevel[]), asked),
    [log.entries, levels, asked],
  );
  return (
    <>
      <State error={log.error} loading={!loaded} onRetry={log.reload} />
      {loaded && (
        <LogView
          {...view}
          loaded={loaded}
          all={log.entries?.length ?? null}
          search={asked}
          hasOlder={log.hasOlder}
          loadingOlder={log.loadingOlder}
          onOlder={() => void log.loadOlder()}
          emptyWhy={t('emptyDatabaseWhy')}
          bar={{ ...bar, counts: loaded.levels, onExport: () => exportEntries(loaded.entries) }}
        />
      )}
    </>
  );
}

function State({ error, loading, onRetry }: { error: ApiError | undefined; loading: boolean; onRetry: () => void }) {
  if (error) return <Failed what={t('theLogs')} error={error} onRetry={onRetry} />;
  return loading ? <Loading rows={12} /> : null;
}

function follow(address: string): void {
  const link = document.createElement('a');
  link.href = address;
  link.download = 'logs.csv';
  link.click();
}

function exportEntries(entries: LogEntry[]): void {
  const rows = entries.map(({ timestamp, level, message }) => [timestamp, level, message]);
  download('database-log.csv', 'text/csv', toCsv(['timestamp', 'level', 'message'], rows));
}
