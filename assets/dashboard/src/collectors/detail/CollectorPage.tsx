import { useMemo, type ReactNode } from 'react';
import { useSelector } from 'react-redux';
import { Link, useNavigate, useParams } from 'react-router';
import { Failed } from '../../api/Failed';
import { problemStatus } from '../../api/problem';
import type { Collector } from '../../api/types';
import { usePageTitle } from '../../lib/hooks';
import { BackLink } from '../../ui/BackLink';
import { ButtonLink } from '../../ui/Button';
import { Icon } from '../../ui/Icon';
import { GonePage, Loading } from '../../ui/states';
import { TabPanel, Tabs } from '../../ui/Tabs';
import { collectorById, useCollectorQuery, useCollectorsQuery } from '../api';
import { CollectorStatus } from '../CollectorStatus';
import { ActivityTab } from './ActivityTab';
import { ConfigTab } from './config/ConfigTab';
import { HeadActions } from './HeadActions';
import { MetricsTab } from './MetricsTab';
import { OverviewTab } from './OverviewTab';
import { LogsTab } from './logs/LogsTab';
import { QueriesTab } from './queries/QueriesTab';
import { t } from './strings';
import './detail.css';

const TABS = [
  { value: 'overview', label: t('overview') },
  { value: 'metrics', label: t('metrics') },
  { value: 'queries', label: t('queriesTab') },
  { value: 'logs', label: t('logs') },
  { value: 'activity', label: t('activity') },
  { value: 'config', label: t('configuration') },
];

export function CollectorPage() {
  const { id = '' } = useParams();
  const { data: collector, error, refetch } = useCollectorQuery(id);
  const shown = collector?.id === id ? collector : undefined;
  if (problemStatus(error) === 404) return <Gone />;
  const failure = <Failed what={t('theCollector')} error={error} onRetry={refetch} />;
  if (!shown) return <NotYet id={id}>{error ? failure : <Loading rows={8} />}</NotYet>;
  return <CollectorView collector={shown} failure={error && failure} />;
}

/** Until the collector has come: its name, where the list knows it. */
function NotYet({ id, children }: { id: string; children: ReactNode }) {
  const name = useSelector((state: Parameters<typeof collectorById>[0]) => collectorById(state, id)?.name) ?? t('collector');
  usePageTitle(name);
  return (
    <>
      <div className="collector-way">
        <BackLink to="/collectors">{t('back')}</BackLink>
      </div>
      <div className="page-head">
        <h1>{name}</h1>
      </div>
      {children}
    </>
  );
}

function Gone() {
  return (
    <GonePage title={t('gone')} action={<ButtonLink to="/collectors">{t('back')}</ButtonLink>}>
      {t('goneWhy')}
    </GonePage>
  );
}

function CollectorView({ collector, failure }: { collector: Collector; failure: ReactNode }) {
  usePageTitle(collector.name);
  const params = useParams();
  const tab = TABS.some(({ value }) => value === params.tab) ? (params.tab as string) : 'overview';
  const navigate = useNavigate();
  return (
    <>
      <div className="collector-head">
        <div className="collector-way">
          <BackLink to="/collectors">{t('back')}</BackLink>
          <span className="grow" />
          <Neighbours id={collector.id} tab={tab} />
        </div>
        <div className="page-head">
          <h1>{collector.name}</h1>
          <CollectorStatus collector={collector} />
          <span className="grow" />
          <HeadActions collector={collector} />
        </div>
        <Tabs
          id="collector"
          label={t('sections')}
          tabs={TABS}
          value={tab}
          onChange={(next) => void navigate(`/collectors/${collector.id}/${next}`)}
        />
      </div>
      {failure}
      <TabPanel id="collector" value={tab}>
        {tab === 'overview' && <OverviewTab collector={collector} />}
        {tab === 'metrics' && <MetricsTab id={collector.id} interval={collector.collection_interval} />}
        {tab === 'queries' && <QueriesTab id={collector.id} interval={collector.collection_interval} />}
        {tab === 'logs' && <LogsTab id={collector.id} />}
        {tab === 'activity' && <ActivityTab id={collector.id} />}
        {tab === 'config' && <ConfigTab collector={collector} />}
      </TabPanel>
    </>
  );
}

const names = new Intl.Collator('en', { numeric: true, sensitivity: 'base' });

/** The collectors before and after this one, in the order of their names. */
function Neighbours({ id, tab }: { id: string; tab: string }) {
  const fleet = useCollectorsQuery().data;
  const ordered = useMemo(() => Object.values(fleet?.entities ?? {}).toSorted((a, b) => names.compare(a.name, b.name)), [fleet]);
  const at = ordered.findIndex((collector) => collector.id === id);
  if (at === -1 || ordered.length < 2) return null;
  const before = ordered[at - 1];
  const after = ordered[at + 1];
  return (
    <>
      {before && <NeighbourLink to={before} tab={tab} label={t('previous')} icon="chevronLeft" />}
      {after && <NeighbourLink to={after} tab={tab} label={t('next')} icon="chevronRight" />}
    </>
  );
}

function NeighbourLink({ to, tab, label, icon }: { to: Collector; tab: string; label: string; icon: 'chevronLeft' | 'chevronRight' }) {
  return (
    <Link className="button button-icon" to={`/collectors/${to.id}/${tab}`} aria-label={label} data-tip={`${label}: ${to.name}`}>
      <Icon name={icon} />
    </Link>
  );
}
