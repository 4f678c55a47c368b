import { Failed } from '../../api/Failed';
import type { Gap } from '../../api/types';
import { formatCount, MISSING } from '../../lib/format';
import { DataTable, type DataColumn } from '../../ui/DataTable';
import { Section } from '../../ui/Section';
import { Time } from '../../ui/Time';
import { useCollectorGapsQuery } from '../api';
import { t } from './strings';

const SHOWN = 5;
const REFRESH_MS = 60_000;

const REASONS: Record<Gap['reason'], string> = {
  spool_full: t('spoolFull'),
  not_written: t('notWritten'),
  refused: t('refused'),
  damaged: t('damaged'),
  rejected: t('rejected'),
  segment_damaged: t('segmentDamaged'),
  segment_missing: t('segmentMissing'),
  other: t('otherReason'),
};

const COLUMNS: DataColumn<Gap>[] = [
  { id: 'first', label: t('firstAt'), cell: ({ first_at }) => <Time value={first_at} /> },
  { id: 'last', label: t('lastAt'), cell: ({ last_at }) => <Time value={last_at} /> },
  { id: 'documents', label: t('documents'), number: true, cell: ({ documents }) => (documents > 0 ? formatCount(documents) : MISSING) },
  { id: 'reason', label: t('reason'), cell: ({ reason }) => REASONS[reason] },
];

/** What is lost; nothing where nothing is. */
export function Gaps({ id }: { id: string }) {
  const { data, error, refetch } = useCollectorGapsQuery(
    { id, limit: SHOWN },
    { pollingInterval: REFRESH_MS, refetchOnMountOrArgChange: true },
  );
  // Nothing to see must not be taken for nothing lost.
  if (error)
    return (
      <div className="overview-wide">
        <Failed what={t('theGaps')} error={error} onRetry={refetch} />
      </div>
    );
  if (!data || data.total === 0) return null;
  return (
    <Section title={t('gaps')} className="overview-wide">
      <p>{t('gapsTotal', { n: data.total, documents: formatCount(data.documents) })}</p>
      {data.total > data.gaps.length && <p className="muted">{t('gapsLatest', { n: data.gaps.length })}</p>}
      <DataTable label={t('gaps')} columns={COLUMNS} rows={data.gaps} keyOf={({ id: gap }) => gap} />
    </Section>
  );
}
