// How far an operation is and what became of each collector: the same in the
// dialog that started it and on its own page.
import type { OperationDetail, OperationResult } from '../../api/types';
import { Link } from 'react-router';
import { DataTable, type DataColumn } from '../../ui/DataTable';
import { Icon, type IconName } from '../../ui/Icon';
import { t } from './strings';
import { isOver, resultWord, statusText } from './words';
import './operations.css';

export function Progress({ operation }: { operation: OperationDetail }) {
  const { total, done, failed, cancelled } = operation;
  const over = done + failed + cancelled;
  const part = (count: number) => ({ width: `${total > 0 ? (100 * count) / total : 0}%` });
  return (
    <div className="operation-progress">
      <div role="progressbar" aria-label={t('bar')} aria-valuemin={0} aria-valuemax={total} aria-valuenow={over} className="progress">
        <span className="progress-done" style={part(done)} />
        <span className="progress-failed" style={part(failed)} />
      </div>
      <p role="status" className="operation-status">
        {!isOver(operation) && operation.state === 'running' && <span className="spinner" aria-hidden="true" />}
        {statusText(operation)}
      </p>
    </div>
  );
}

const ICONS: Record<OperationResult['status'], IconName> = {
  pending: 'pending',
  in_progress: 'refresh',
  completed: 'online',
  failed: 'error',
  expired: 'clock',
  cancelled: 'close',
};

const COLUMNS: DataColumn<OperationResult>[] = [
  {
    id: 'collector',
    label: t('collector'),
    isHeader: true,
    cell: ({ collector_id: id, name }) =>
      name ? (
        <Link to={`/collectors/${id}/overview`} className="tall-link">
          {name}
        </Link>
      ) : (
        <span className="mono">{id}</span>
      ),
  },
  {
    id: 'result',
    label: t('result'),
    cell: ({ status }) => (
      <span className={`operation-result result-${status}`}>
        <Icon name={ICONS[status]} size={14} />
        {resultWord(status)}
      </span>
    ),
  },
  { id: 'detail', label: t('detail'), cell: ({ error }) => error },
];

export function Results({ operation, windowed = false }: { operation: OperationDetail; windowed?: boolean }) {
  return (
    <DataTable
      label={t('results')}
      className={windowed ? 'data-window' : ''}
      columns={COLUMNS}
      rows={operation.results}
      keyOf={({ collector_id: id }) => id}
    />
  );
}
