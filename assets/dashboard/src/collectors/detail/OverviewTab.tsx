import type { ReactNode } from 'react';
import { Link } from 'react-router';
import { Failed } from '../../api/Failed';
import type { Collector } from '../../api/types';
import { formatBytes, formatCount, formatDuration, formatMilliseconds, formatPercent, MISSING } from '../../lib/format';
import { AvailabilityFigure } from '../../ui/availability/AvailabilityFigure';
import { Fact } from '../../ui/Fact';
import { Section } from '../../ui/Section';
import { Loading } from '../../ui/states';
import { Time } from '../../ui/Time';
import { useCollectorAvailabilityQuery } from '../api';
import { address, environmentLabel, SSL_MODES } from '../words';
import { ActivityTable } from './ActivityTab';
import { Gaps } from './Gaps';
import { t } from './strings';

const RECENT = 5;
const AVAILABILITY_REFRESH_MS = 60_000;

export function OverviewTab({ collector }: { collector: Collector }) {
  return (
    <div className="overview-grid">
      <Availability id={collector.id} />
      <Gaps id={collector.id} />
      <Connection collector={collector} />
      <Performance collector={collector} />
      <Statistics collector={collector} />
      <Section title={t('recent')} className="overview-wide">
        <ActivityTable id={collector.id} limit={RECENT} />
        <p className="overview-more">
          <Link className="tall-link" to={`/collectors/${collector.id}/activity`}>
            {t('allActivity')}
          </Link>
        </p>
      </Section>
    </div>
  );
}

function Availability({ id }: { id: string }) {
  const { data, error, refetch } = useCollectorAvailabilityQuery(id, {
    pollingInterval: AVAILABILITY_REFRESH_MS,
    refetchOnMountOrArgChange: true,
  });
  if (data) return <AvailabilityFigure className="overview-wide" days={data.days} percentage={data.uptime_percentage} />;
  return (
    <div className="card overview-wide">
      {error ? <Failed what={t('theAvailability')} error={error} onRetry={refetch} /> : <Loading rows={3} />}
    </div>
  );
}

function Figure({ name, value }: { name: string; value: ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value ?? MISSING}</dd>
    </div>
  );
}

function Connection({ collector }: { collector: Collector }) {
  return (
    <Section title={t('connection')}>
      <dl className="facts">
        <Fact name={t('address')}>
          <span className="mono">{address(collector)}</span>
        </Fact>
        <Fact name={t('username')}>
          <span className="mono">{collector.username}</span>
        </Fact>
        <Fact name={t('sslMode')}>{SSL_MODES.find(({ value }) => value === collector.ssl_mode)?.label}</Fact>
        <Fact name={t('version')}>{collector.database_version}</Fact>
        <Fact name={t('agent')}>{collector.agent_version}</Fact>
        <Fact name={t('hostname')}>{collector.hostname && <span className="mono">{collector.hostname}</span>}</Fact>
        <Fact name={t('environment')}>{environmentLabel(collector.environment)}</Fact>
        <Fact name={t('group')}>{collector.group?.name}</Fact>
        <Fact name={t('tags')}>
          {collector.tags.length > 0 &&
            collector.tags.map((tag) => (
              <span key={tag} className="tag">
                {tag}
              </span>
            ))}
        </Fact>
        <Fact name={t('description')}>{collector.description}</Fact>
        <Fact name={t('registered')}>
          <Time value={collector.registered_at} />
        </Fact>
        <Fact name={t('tokenExpires')}>{collector.token_expires_at && <Time value={collector.token_expires_at} />}</Fact>
      </dl>
    </Section>
  );
}

function Performance({ collector }: { collector: Collector }) {
  return (
    <Section title={t('performance')}>
      <dl className="figures">
        <Figure name={t('cpu')} value={formatPercent(collector.cpu_usage)} />
        <Figure name={t('memory')} value={formatPercent(collector.memory_usage)} />
        <Figure name={t('meanTime')} value={formatMilliseconds(collector.avg_collection_time_ms)} />
        <Figure name={t('maxTime')} value={formatMilliseconds(collector.max_collection_time_ms)} />
        <Figure name={t('sent')} value={formatBytes(collector.network?.sent_bytes)} />
        <Figure name={t('received')} value={formatBytes(collector.network?.received_bytes)} />
      </dl>
    </Section>
  );
}

function Statistics({ collector }: { collector: Collector }) {
  return (
    <Section title={t('statistics')}>
      <dl className="figures">
        <Figure name={t('uptime')} value={formatPercent(collector.uptime_percentage, 2)} />
        <Figure name={t('collected')} value={formatCount(collector.metrics_collected)} />
        <Figure name={t('success')} value={formatPercent(collector.success_rate)} />
        <Figure name={t('failed')} value={formatCount(collector.error_count)} />
      </dl>
      <dl className="facts">
        <Fact name={t('heartbeat')}>
          <Time value={collector.last_heartbeat} />
        </Fact>
        <Fact name={t('lastCollection')}>
          <Time value={collector.last_collection_at} />
        </Fact>
        <Fact name={t('interval')}>{formatDuration(collector.collection_interval)}</Fact>
        <Fact name={t('queryLimit')}>{formatCount(collector.query_limit)}</Fact>
        <Fact name={t('restarts')}>{collector.restart_count > 0 && formatCount(collector.restart_count)}</Fact>
        <Fact name={t('lastError')}>{collector.last_error}</Fact>
      </dl>
    </Section>
  );
}
