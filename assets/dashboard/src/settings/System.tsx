import type { ReactNode } from 'react';
import { problemText, requestId } from '../api/problem';
import type { Job, SystemState } from '../api/types';
import { formatBytes, formatDuration } from '../lib/format';
import { Loading, LoadFailure } from '../ui/states';
import { Time } from '../ui/Time';
import { useJobsQuery, useSystemQuery } from './api';
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
      {system.data && <Facts system={system.data} />}
      {jobs.data && jobs.data.length > 0 && <Jobs jobs={jobs.data} />}
      <Secrets />
    </div>
  );
}

function Facts({ system }: { system: SystemState }) {
  const { storage, tls, keys } = system;
  const facts: [string, ReactNode][] = [
    [t('version'), system.version],
    [t('started'), <Time key="started" value={system.started_at} />],
    [t('uptime'), formatDuration(system.uptime_seconds)],
    [t('lastStop'), t(system.recovered ? 'unclean' : 'clean')],
    [t('disk'), t('diskFree', { free: formatBytes(storage.disk_free_bytes), total: formatBytes(storage.disk_total_bytes) })],
    [t('registrySize'), formatBytes(storage.registry_bytes)],
    [t('metricsSize'), formatBytes(storage.hot_bytes)],
    [t('sqlite'), system.sqlite_version],
    [t('dataDir'), <code key="folder">{storage.data_dir}</code>],
    [t('rootKey'), String(keys.root_keys.at(-1) ?? '')],
  ];
  if (tls) {
    facts.push([t('certificateUntil'), <Time key="until" value={tls.certificate.not_after} />]);
    facts.push([t('authorityHash'), <code key="hash">{tls.authority.sha256}</code>]);
  }
  return (
    <section className="card settings-facts" aria-label={t('system')}>
      <dl>
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
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
