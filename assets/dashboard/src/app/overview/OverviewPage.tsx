import { lazy, Suspense, useMemo } from 'react';
import { Link } from 'react-router';
import { Failed } from '../../api/Failed';
import { useMay } from '../../api/session';
import type { Collector } from '../../api/types';
import { useCollectorsQuery } from '../../collectors/api';
import { NoCollectors } from '../../collectors/NoCollectors';
import { formatCount } from '../../lib/format';
import { usePageTitle } from '../../lib/hooks';
import { Icon } from '../../ui/Icon';
import { Loading } from '../../ui/states';
import { STATUS_ORDER, StatusIcon, statusWord, StatusWord, type Status } from '../../ui/StatusWord';
import { RecentActivity } from './RecentActivity';
import { t } from './strings';
import './overview.css';

const FleetCharts = lazy(() => import('./FleetCharts'));

const NOBODY: Collector[] = [];
const SHOWN: Status[] = ['online', 'slow', 'offline', 'stopped', 'error', 'pending'];
/** Those who look after the fleet see these first. Stopped was somebody's wish. */
const TROUBLE: Status[] = ['error', 'offline', 'slow', 'pending'];
const MOST_LISTED = 20;

export function OverviewPage() {
  usePageTitle(t('title'));
  const fleet = useCollectorsQuery();
  const mayReadAudit = useMay('readAudit');
  const collectors = useMemo(() => (fleet.data ? Object.values(fleet.data.entities) : NOBODY), [fleet.data]);
  return (
    <>
      <div className="page-head">
        <h1>{t('title')}</h1>
      </div>
      <Failed what={t('theFleet')} error={fleet.error} onRetry={fleet.refetch} />
      {fleet.isLoading && <Loading rows={8} />}
      {fleet.data && (
        <>
          <Counts collectors={collectors} />
          <div className={mayReadAudit ? 'overview-columns' : 'overview-columns overview-single'}>
            {collectors.length === 0 ? <NoCollectors /> : <NeedsAttention collectors={collectors} />}
            {mayReadAudit && <RecentActivity />}
          </div>
          {collectors.length > 0 && (
            <Suspense fallback={<Loading rows={8} />}>
              <FleetCharts />
            </Suspense>
          )}
        </>
      )}
    </>
  );
}

function Counts({ collectors }: { collectors: Collector[] }) {
  const count = (status: Status) => collectors.reduce((sum, each) => sum + (each.status === status ? 1 : 0), 0);
  return (
    <div role="group" aria-label={t('filterByStatus')} className="counts">
      <Link className="count card" to="/collectors">
        <span className="count-word">{t('total')} </span>
        <strong>{formatCount(collectors.length)}</strong>
      </Link>
      {SHOWN.map((status) => (
        <Link key={status} className="count card" to={`/collectors?status=${status}`}>
          <span className="count-word">
            <StatusIcon status={status} />
            {statusWord(status)}{' '}
          </span>
          <strong>{formatCount(count(status))}</strong>
        </Link>
      ))}
    </div>
  );
}

function NeedsAttention({ collectors }: { collectors: Collector[] }) {
  const trouble = useMemo(
    () =>
      collectors
        .filter(({ status }) => TROUBLE.includes(status))
        .sort((a, b) => STATUS_ORDER.indexOf(a.status) - STATUS_ORDER.indexOf(b.status) || a.name.localeCompare(b.name)),
    [collectors],
  );
  return (
    <section className="card overview-section" aria-labelledby="attention">
      <h2 id="attention">{t('attention')}</h2>
      {trouble.length === 0 && (
        <p className="overview-calm">
          <Icon name="online" />
          {t('calm')}
        </p>
      )}
      <ul>
        {trouble.slice(0, MOST_LISTED).map((collector) => (
          <li key={collector.id} className="attention-row">
            <Link className="tall-link" to={`/collectors/${collector.id}/overview`}>
              {collector.name}
            </Link>
            <StatusWord status={collector.status} reason={collector.status_reason} />
          </li>
        ))}
      </ul>
      {trouble.length > MOST_LISTED && (
        <p>
          <Link className="tall-link" to={`/collectors?${TROUBLE.map((status) => `status=${status}`).join('&')}&sort=status&dir=asc`}>
            {t('more', { n: trouble.length - MOST_LISTED })}
          </Link>
        </p>
      )}
    </section>
  );
}
