import { useState } from 'react';
import { Failed } from '../../api/Failed';
import type { AuditEntry } from '../../api/types';
import { MISSING } from '../../lib/format';
import { Button } from '../../ui/Button';
import { DataTable, type DataColumn } from '../../ui/DataTable';
import { Loading } from '../../ui/states';
import { Time } from '../../ui/Time';
import { useCollectorAuditQuery } from '../api';
import { t } from './strings';

const PAGE = 50;
const COLUMNS: DataColumn<AuditEntry>[] = [
  { id: 'action', label: t('action'), isHeader: true, cell: ({ action }) => <span className="mono">{action}</span> },
  { id: 'actor', label: t('actor'), cell: ({ actor }) => actor.name },
  { id: 'time', label: t('time'), cell: ({ time }) => <Time value={time} /> },
  { id: 'result', label: t('result'), cell: ({ result }) => result },
  { id: 'reason', label: t('reason'), cell: ({ reason }) => reason || MISSING },
];

/** The most entries that the table grows to; the audit log has the rest. */
const MOST = 1000;

export function ActivityTab({ id }: { id: string }) {
  const [limit, setLimit] = useState(PAGE);
  const { data } = useCollectorAuditQuery({ id, limit });
  return (
    <div className="card section">
      <ActivityTable id={id} limit={limit} />
      {data?.next_cursor && limit < MOST && (
        <p className="overview-more">
          <Button onClick={() => setLimit(limit + PAGE)}>{t('more')}</Button>
        </p>
      )}
    </div>
  );
}

export function ActivityTable({ id, limit }: { id: string; limit: number }) {
  const { data, error, isLoading, refetch } = useCollectorAuditQuery({ id, limit });
  if (error && !data) return <Failed what={t('theActivity')} error={error} onRetry={refetch} />;
  if (isLoading || !data) return <Loading rows={4} />;
  if (data.entries.length === 0) return <p className="muted">{t('noActivity')}</p>;
  return <DataTable label={t('activity')} columns={COLUMNS} rows={data.entries} keyOf={({ seq }) => seq} />;
}
