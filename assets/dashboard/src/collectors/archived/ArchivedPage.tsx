import { useState } from 'react';
import { Failed } from '../../api/Failed';
import { useMay } from '../../api/session';
import type { Archived } from '../../api/types';
import { formatCount } from '../../lib/format';
import { usePageTitle } from '../../lib/hooks';
import { BackLink } from '../../ui/BackLink';
import { Button } from '../../ui/Button';
import { DataTable, type DataColumn } from '../../ui/DataTable';
import { SelectBox } from '../../ui/SelectBox';
import { EmptyState, Loading } from '../../ui/states';
import { Time } from '../../ui/Time';
import type { IssuedToken } from '../token/snippets';
import { t as tokenWords } from '../token/strings';
import { TokenGuard } from '../token/TokenGuard';
import { TokenPanel } from '../token/TokenPanel';
import { useArchivedQuery } from './api';
import { ReRegisterDialog } from './ReRegisterDialog';
import { t } from './strings';
import './archived.css';

export function ArchivedPage() {
  usePageTitle(t('title'));
  const { data, error, isLoading, refetch } = useArchivedQuery();
  const [tokens, setTokens] = useState<IssuedToken[]>();
  if (tokens) return <NewTokens tokens={tokens} />;
  return (
    <>
      <BackLink to="/collectors">{t('back')}</BackLink>
      <div className="page-head">
        <h1>{t('title')}</h1>
      </div>
      <Failed what={t('theArchive')} error={error} onRetry={refetch} />
      {isLoading && <Loading rows={6} />}
      {data?.length === 0 && (
        <div className="card">
          <EmptyState title={t('empty')}>{t('emptyWhy')}</EmptyState>
        </div>
      )}
      {data && data.length > 0 && <ArchivedList archived={data} onTokens={setTokens} />}
    </>
  );
}

function ArchivedList({ archived, onTokens }: { archived: Archived[]; onTokens: (tokens: IssuedToken[]) => void }) {
  const mayAdminister = useMay('administer');
  const [ids, setIds] = useState<ReadonlySet<string>>(new Set());
  const [asking, setAsking] = useState<Archived[]>();
  const chosen = archived.filter(({ id }) => ids.has(id));
  const toggle = (id: string) => {
    const next = new Set(ids);
    if (!next.delete(id)) next.add(id);
    setIds(next);
  };
  const toggleAll = () => setIds(new Set(chosen.length === archived.length ? [] : archived.map(({ id }) => id)));
  const columns = mayAdminister
    ? [selectColumn(ids, toggle, { all: chosen.length === archived.length, some: chosen.length > 0, toggleAll }), ...COLUMNS]
    : COLUMNS;
  return (
    <>
      <p className="muted archived-intro">{t('intro')}</p>
      {mayAdminister && (
        <div className="archived-bar">
          <Button look="primary" icon="refresh" disabled={chosen.length === 0} onClick={() => setAsking(chosen)}>
            {t('reRegisterSelected')}
          </Button>
          <span className="muted">{chosen.length > 0 ? t('selected', { n: chosen.length }) : t('nothingSelected')}</span>
        </div>
      )}
      <div className="card">
        <DataTable label={t('title')} columns={columns} rows={archived} keyOf={({ id }) => id} isSelected={({ id }) => ids.has(id)} />
      </div>
      {asking && (
        <ReRegisterDialog
          archived={asking}
          onClose={() => setAsking(undefined)}
          onReturned={(tokens) => {
            setAsking(undefined);
            setIds(new Set());
            if (tokens.length > 0) onTokens(tokens);
          }}
        />
      )}
    </>
  );
}

const COLUMNS: DataColumn<Archived>[] = [
  { id: 'name', label: t('name'), isHeader: true, cell: ({ name }) => name },
  { id: 'unregistered', label: t('unregistered'), cell: (each) => <Time value={each.archived_at} /> },
  { id: 'metrics', label: t('metrics'), number: true, cell: (each) => formatCount(each.metrics_count) },
  { id: 'host', label: t('host'), cell: (each) => <span className="mono">{each.host}</span> },
  { id: 'reason', label: t('reason'), cell: (each) => each.archive_reason },
  { id: 'purged', label: t('purged'), cell: (each) => <Time value={each.expires_at} /> },
];

interface All {
  all: boolean;
  some: boolean;
  toggleAll: () => void;
}

function selectColumn(ids: ReadonlySet<string>, toggle: (id: string) => void, { all, some, toggleAll }: All): DataColumn<Archived> {
  return {
    id: 'select',
    label: t('select'),
    labelHidden: true,
    head: <SelectBox label={t('selectAll')} checked={all} some={some} onChange={toggleAll} />,
    cell: ({ id, name }) => <SelectBox label={t('selectOne', { name })} checked={ids.has(id)} onChange={() => toggle(id)} />,
  };
}

function NewTokens({ tokens }: { tokens: IssuedToken[] }) {
  const [stored, setStored] = useState(false);
  return (
    <>
      <div className="page-head">
        <h1>{t('title')}</h1>
      </div>
      <div className="card token-card">
        <TokenPanel
          heading={tokenWords('reRegistered')}
          why={tokenWords('reRegisteredWhy', { n: tokens.length })}
          tokens={tokens}
          stored={stored}
          onStored={setStored}
        />
      </div>
      <TokenGuard when={!stored} />
    </>
  );
}
