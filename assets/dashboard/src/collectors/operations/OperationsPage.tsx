import { Link } from 'react-router';
import { Failed } from '../../api/Failed';
import { useMay } from '../../api/session';
import type { Operation } from '../../api/types';
import { usePageTitle } from '../../lib/hooks';
import { BackLink } from '../../ui/BackLink';
import { DataTable, type DataColumn } from '../../ui/DataTable';
import { EmptyState, Loading } from '../../ui/states';
import { Time } from '../../ui/Time';
import { useOperationsQuery } from './api';
import { CancelButton } from './CancelButton';
import { t } from './strings';
import { isOver, operationLabel, stateWord, statusText } from './words';
import './operations.css';

/** The live stream tells of every step; this is for when it is down, and for what begins by itself. */
const POLL_MS = 15_000;

export function OperationsPage() {
  usePageTitle(t('title'));
  const mayAdminister = useMay('administer');
  const { data, error, isLoading, refetch } = useOperationsQuery(undefined, {
    refetchOnMountOrArgChange: true,
    pollingInterval: POLL_MS,
  });
  return (
    <>
      <BackLink to="/collectors">{t('back')}</BackLink>
      <div className="page-head">
        <h1>{t('title')}</h1>
      </div>
      <Failed what={t('theOperations')} error={error} onRetry={refetch} />
      {isLoading && <Loading rows={6} />}
      {data?.operations.length === 0 && (
        <div className="card">
          <EmptyState title={t('empty')}>{t('emptyWhy')}</EmptyState>
        </div>
      )}
      {data && data.operations.length > 0 && (
        <>
          <p className="muted operations-intro">{t('intro')}</p>
          <div className="card">
            <DataTable
              label={t('title')}
              columns={mayAdminister ? [...COLUMNS, ACTIONS] : COLUMNS}
              rows={data.operations}
              keyOf={({ id }) => id}
            />
          </div>
        </>
      )}
    </>
  );
}

const COLUMNS: DataColumn<Operation>[] = [
  {
    id: 'operation',
    label: t('operation'),
    isHeader: true,
    cell: (operation) => (
      <Link to={`/operations/${operation.id}`} className="tall-link">
        {operationLabel(operation)}
      </Link>
    ),
  },
  { id: 'by', label: t('startedBy'), cell: (operation) => operation.started_by },
  { id: 'started', label: t('started'), cell: (operation) => <Time value={operation.started_at ?? operation.schedule_at} /> },
  { id: 'progress', label: t('progress'), cell: (operation) => <RowProgress operation={operation} /> },
  { id: 'state', label: t('state'), cell: ({ state }) => stateWord(state) },
];

const ACTIONS: DataColumn<Operation> = {
  id: 'actions',
  label: t('actions'),
  labelHidden: true,
  cell: (operation) => operation.can_cancel && !isOver(operation) && <CancelButton operation={operation} />,
};

function RowProgress({ operation }: { operation: Operation }) {
  const { total, done, failed } = operation;
  const part = (count: number) => ({ width: `${total > 0 ? (100 * count) / total : 0}%` });
  return (
    <span className="operation-row-progress">
      <span className="progress" aria-hidden="true">
        <span className="progress-done" style={part(done)} />
        <span className="progress-failed" style={part(failed)} />
      </span>
      {statusText(operation)}
    </span>
  );
}
