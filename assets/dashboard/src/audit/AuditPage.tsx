import { useMemo } from 'react';
import { Failed } from '../api/Failed';
import { roleLabel } from '../api/roles';
import { useMay } from '../api/session';
import type { AuditEntry } from '../api/types';
import { usePageTitle } from '../lib/hooks';
import { useViewParams } from '../lib/viewParams';
import { Button } from '../ui/Button';
import { MenuButton } from '../ui/Menu';
import { SelectField } from '../ui/Field';
import { EmptyState, Loading, NoPermission } from '../ui/states';
import { useAuditInfiniteQuery, useVerifyChainQuery, type AuditFilter } from './api';
import { AuditTable } from './AuditTable';
import { ChainStatus } from './ChainStatus';
import { t } from './strings';
import './audit.css';

const PAGE = 100;

/** Offered before any of them has happened; others are added as they are seen. */
const KNOWN_ACTIONS = [
  'auth.login',
  'auth.logout',
  'auth.denied',
  'collector.import',
  'collector.re-register',
  'collector.register',
  'collector.restart',
  'collector.resume',
  'collector.rotate-token',
  'collector.stop',
  'collector.unregister',
  'collector.update',
  'collector.update-config',
  'group.create',
  'group.update',
  'group.delete',
  'setup.complete',
  'user.create',
  'user.update',
  'user.delete',
];

export function AuditPage() {
  usePageTitle(t('title'));
  if (!useMay('readAudit')) return <NoPermission page={t('title')} role={roleLabel('auditor')} />;
  return <AuditLog />;
}

function AuditLog() {
  const { params, change } = useViewParams();
  const actor = params.get('actor') ?? '';
  const action = params.get('action') ?? '';
  const filter: AuditFilter = { limit: PAGE, ...(actor ? { actor } : {}), ...(action ? { action } : {}) };
  const log = useAuditInfiniteQuery(filter, { refetchOnMountOrArgChange: true });
  const entries = useMemo(() => log.data?.pages.flatMap((page) => page.entries) ?? [], [log.data]);
  const { actors, actions } = useChoices(actor, action);
  const filtered = actor !== '' || action !== '';
  const broken = useVerifyChainQuery().data?.first_bad_entry ?? undefined;

  return (
    <>
      <div className="page-head">
        <h1 className="grow">{t('title')}</h1>
        <ChainStatus />
      </div>
      <div className="audit-bar">
        <SelectField
          className="audit-filter"
          label={t('actor')}
          value={actor}
          onChange={(event) => change({ actor: event.target.value })}
          options={choices(actors, t('everyone'))}
        />
        <SelectField
          className="audit-filter"
          label={t('action')}
          value={action}
          onChange={(event) => change({ action: event.target.value })}
          options={choices(actions, t('everything'))}
        />
        <Button icon="refresh" onClick={() => void log.refetch()}>
          {t('newest')}
        </Button>
        <span className="grow" />
        <MenuButton
          label={t('export')}
          icon="download"
          items={[
            { label: t('exportCsv'), onSelect: () => exportLog('csv', actor, action) },
            { label: t('exportJson'), onSelect: () => exportLog('json', actor, action) },
          ]}
        />
      </div>
      <Failed what={t('theEntries')} error={log.error} onRetry={log.refetch} />
      <div className="card">
        {log.isLoading && <Loading rows={12} />}
        {log.data && entries.length === 0 && <NoEntries filtered={filtered} onClear={() => change({ actor: null, action: null })} />}
        {entries.length > 0 && <AuditTable entries={entries} broken={broken} />}
      </div>
      {log.hasNextPage && (
        <p className="audit-more">
          <Button busy={log.isFetchingNextPage} onClick={() => void log.fetchNextPage()}>
            {t('older')}
          </Button>
        </p>
      )}
    </>
  );
}

/** The most that the server gives in one reply of JSON. */
const JSON_LIMIT = '1000';

/** The entries that match, written by the server: all as CSV, the newest as JSON. */
function exportLog(format: 'csv' | 'json', actor: string, action: string): void {
  const query = new URLSearchParams({
    format,
    ...(format === 'json' && { limit: JSON_LIMIT }),
    ...(actor && { actor }),
    ...(action && { action }),
  });
  const link = document.createElement('a');
  link.href = `/api/v1/audit?${query}`;
  link.download = `audit.${format}`;
  link.click();
}

/** Everybody and everything that the unfiltered log names, and what is chosen. */
function useChoices(actor: string, action: string) {
  const { data } = useAuditInfiniteQuery({ limit: PAGE });
  return useMemo(() => {
    const seen: AuditEntry[] = data?.pages.flatMap((page) => page.entries) ?? [];
    const distinct = (values: string[]) => [...new Set(values.filter(Boolean))].sort();
    return {
      actors: distinct([...seen.map((entry) => entry.actor.name), actor]),
      actions: distinct([...KNOWN_ACTIONS, ...seen.map((entry) => entry.action), action]),
    };
  }, [data, actor, action]);
}

function choices(values: string[], all: string) {
  return [{ value: '', label: all }, ...values.map((value) => ({ value, label: value }))];
}

function NoEntries({ filtered, onClear }: { filtered: boolean; onClear: () => void }) {
  if (!filtered) return <EmptyState title={t('empty')} />;
  return <EmptyState title={t('noMatch')} action={<Button onClick={onClear}>{t('clear')}</Button>} />;
}
