import type { ReactNode } from 'react';
import { problemText, requestId } from '../api/problem';
import type { Job, MirrorState, SystemState } from '../api/types';
import { formatBytes, formatCount, formatDuration, MISSING } from '../lib/format';
import { Button } from '../ui/Button';
import { Loading, LoadFailure } from '../ui/states';
import { Time } from '../ui/Time';
import { useConfirmClockMutation, useJobsQuery, useSystemQuery } from './api';
import { Secrets } from './Secrets';
import { t } from './strings';

const REFRESH_MS = 30_000;

export function System() {
  const system = useSystemQuery(undefined, { pollingInterval: REFRESH_MS });
  const jobs = useJobsQuery(undefined, { pollingInterval: REFRESH_MS });
  const failed = system.error ?? jobs.error;
  return (
    <div className="settings-stack">
      {failed && (
        <LoadFailure
          what={t('theSystem')}
          why={problemText(failed)}
          requestId={requestId(failed)}
          onRetry={() => {
            void system.refetch();
            void jobs.refetch();
          }}
        />
      )}
      {system.isLoading && <Loading rows={4} />}
      {system.data?.clock.jumped_to && <DoubtedClock jumpedTo={system.data.clock.jumped_to} />}
      {system.data && <Facts system={system.data} />}
      {system.data?.mirror && <Mirror mirror={system.data.mirror} />}
      {jobs.data && jobs.data.length > 0 && <Jobs jobs={jobs.data} />}
      <Secrets />
    </div>
  );
}

function Facts({ system }: { system: SystemState }) {
  const { storage, tls, keys } = system;
  const { segments } = storage;
  const facts: [string, ReactNode][] = [
    [t('version'), system.version],
    [t('started'), <Time key="started" value={system.started_at} />],
    [t('uptime'), formatDuration(system.uptime_seconds)],
    [t('lastStop'), t(system.recovered ? 'unclean' : 'clean')],
    [t('disk'), t('diskFree', { free: formatBytes(storage.disk_free_bytes), total: formatBytes(storage.disk_total_bytes) })],
    [t('registrySize'), formatBytes(storage.registry_bytes)],
    [t('metricsSize'), formatBytes(storage.hot_bytes)],
    [t('segmentsSize'), t('segmentsOf', { size: formatBytes(segments.bytes), count: formatCount(segments.count) })],
    [t('oldestMetric'), <Time key="oldest" value={segments.oldest} />],
    [t('logsSize'), formatBytes(storage.logs_bytes)],
    [t('forecast'), <Forecast key="forecast" forecast={storage.forecast} />],
    [t('sqlite'), system.sqlite_version],
    [t('dataDir'), <code key="folder">{storage.data_dir}</code>],
    [t('rootKey'), String(keys.root_keys.at(-1) ?? '')],
  ];
  if (segments.damaged + segments.missing > 0) {
    const wrong = { damaged: formatCount(segments.damaged), missing: formatCount(segments.missing) };
    facts.push([
      t('segmentsWrong'),
      <span key="wrong" className="settings-failed">
        {t('segmentsWrongOf', wrong)}
      </span>,
    ]);
  }
  if (tls) {
    facts.push([t('certificateUntil'), <Time key="until" value={tls.certificate.not_after} />]);
    facts.push([t('authorityHash'), <code key="hash">{tls.authority.sha256}</code>]);
  }
  return <FactList name={t('system')} facts={facts} />;
}

const SHORT_DAYS = 14;

function Forecast({ forecast }: { forecast: SystemState['storage']['forecast'] }) {
  if (!forecast) return t('forecastNone');
  const { days_left: days, bytes_per_day: rate } = forecast;
  if (days == null) return t('forecastStill');
  const text = t('forecastDays', { days: formatCount(days), rate: formatBytes(rate) });
  return days < SHORT_DAYS ? <span className="settings-failed">{text}</span> : text;
}

/** Asks an administrator whether a clock that jumped is right. */
function DoubtedClock({ jumpedTo }: { jumpedTo: string }) {
  const [confirm, { isLoading, error }] = useConfirmClockMutation();
  return (
    <section className="card settings-facts" role="alert">
      <p>{t('clockJumped', { time: jumpedTo })}</p>
      {error && <p className="settings-failed">{problemText(error)}</p>}
      <Button look="primary" busy={isLoading} disabled={isLoading} onClick={() => void confirm()}>
        {t('confirmClock')}
      </Button>
    </section>
  );
}

function Mirror({ mirror }: { mirror: MirrorState }) {
  const facts: [string, ReactNode][] = [
    [t('mirrorState'), mirror.connected ? t('mirrorConnected') : <span className="settings-failed">{t('mirrorAway')}</span>],
    [t('mirrorSince'), <Time key="since" value={mirror.connected_since} />],
    [t('mirrorSite'), mirror.site_id],
    [t('mirrorTarget'), <code key="target">{mirror.target}</code>],
    [t('mirrorServer'), mirror.server_version ?? MISSING],
    [t('mirrorBehind'), formatCount(mirror.documents_behind)],
    [t('mirrorLag'), formatDuration(mirror.seconds_behind)],
    [t('mirrorPast'), t(mirror.filling ? 'mirrorFilling' : 'mirrorFilled')],
    [t('mirrorLast'), <Time key="last" value={mirror.last_mirrored_at} />],
  ];
  if (mirror.documents_lost > 0) facts.push([t('mirrorLost'), formatCount(mirror.documents_lost)]);
  if (mirror.last_error) {
    facts.push([
      t('mirrorError'),
      <span key="error" className="settings-failed">
        {mirror.last_error}
      </span>,
    ]);
  }
  return <FactList name={t('mirror')} facts={facts} />;
}

function FactList({ name, facts }: { name: string; facts: [string, ReactNode][] }) {
  return (
    <section className="card settings-facts" aria-label={name}>
      <dl>
        {facts.map(([fact, value]) => (
          <div key={fact}>
            <dt>{fact}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

function Jobs({ jobs }: { jobs: Job[] }) {
  return (
    <section className="card scroll-x" aria-label={t('jobs')} tabIndex={0}>
      <table className="table" aria-label={t('jobs')}>
        <thead>
          <tr>
            <th scope="col">{t('job')}</th>
            <th scope="col">{t('about')}</th>
            <th scope="col">{t('lastRun')}</th>
            <th scope="col">{t('lastResult')}</th>
          </tr>
        </thead>
        <tbody>
          {jobs.map((job) => (
            <tr key={job.name}>
              <th scope="row" className="mono">
                {job.name}
              </th>
              <td>{job.about}</td>
              <td>
                <Time value={job.last_finished_at} />
              </td>
              <td className={job.last_succeeded === false ? 'settings-failed' : undefined}>{job.last_result}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
