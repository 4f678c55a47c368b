import { problemText, requestId } from '../api/problem';
import { formatBytes, formatCount } from '../lib/format';
import { Loading, LoadFailure } from '../ui/states';
import { Time } from '../ui/Time';
import { useJobsQuery, useSystemQuery, type Job } from './api';
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
      {system.data && <Facts facts={system.data} />}
      {jobs.data && jobs.data.length > 0 && <Jobs jobs={jobs.data} />}
    </div>
  );
}

interface Fact {
  name: string;
  value: string;
}

/** `disk_free_bytes` under `storage` reads "storage: disk free". */
function flatten(value: Record<string, unknown>, above = ''): Fact[] {
  return Object.entries(value).flatMap(([key, member]): Fact[] => {
    const words = key.replace(/_bytes$/, '').replaceAll('_', ' ');
    const name = above ? `${above}: ${words}` : words;
    if (member === null || member === undefined || Array.isArray(member)) return [];
    if (typeof member === 'object') return flatten(member as Record<string, unknown>, words);
    return [{ name, value: written(key, member) }];
  });
}

function written(key: string, value: unknown): string {
  if (typeof value !== 'number') return String(value);
  return key.endsWith('_bytes') ? formatBytes(value) : formatCount(value);
}

function Facts({ facts }: { facts: Record<string, unknown> }) {
  return (
    <section className="card settings-facts" aria-label={t('system')}>
      <dl>
        {flatten(facts).map(({ name, value }) => (
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
    <section className="card scroll-x" aria-label={t('jobs')}>
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
