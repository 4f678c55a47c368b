import { useState } from 'react';
import { problemText, requestId } from '../../api/problem';
import { Button } from '../../ui/Button';
import { Loading, LoadFailure } from '../../ui/states';
import { Time } from '../../ui/Time';
import { useCollectorAuditQuery } from '../api';
import { t } from './strings';

const PAGE = 50;
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
  if (error && !data)
    return <LoadFailure what={t('theActivity')} why={problemText(error)} requestId={requestId(error)} onRetry={() => void refetch()} />;
  if (isLoading || !data) return <Loading rows={4} />;
  if (data.entries.length === 0) return <p className="muted">{t('noActivity')}</p>;
  return (
    <div className="scroll-x" role="region" aria-label={t('activity')} tabIndex={0}>
      <table className="table" aria-label={t('activity')}>
        <thead>
          <tr>
            <th scope="col">{t('time')}</th>
            <th scope="col">{t('actor')}</th>
            <th scope="col">{t('action')}</th>
            <th scope="col">{t('result')}</th>
            <th scope="col">{t('reason')}</th>
          </tr>
        </thead>
        <tbody>
          {data.entries.map((entry) => (
            <tr key={entry.seq}>
              <td>
                <Time value={entry.time} />
              </td>
              <td>{entry.actor.name}</td>
              <td className="mono">{entry.action}</td>
              <td>{entry.result}</td>
              <td>{entry.reason}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
