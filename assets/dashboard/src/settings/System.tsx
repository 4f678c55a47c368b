import { Failed } from '../api/Failed';
import { problemText } from '../api/problem';
import type { Job } from '../api/types';
import { formatAbsolute } from '../lib/time';
import { Button } from '../ui/Button';
import { DataTable, type DataColumn } from '../ui/DataTable';
import { Icon } from '../ui/Icon';
import { Loading } from '../ui/states';
import { Time } from '../ui/Time';
import { useConfirmClockMutation, useJobsQuery, useSystemQuery } from './api';
import { Secrets } from './Secrets';
import { SystemFacts } from './SystemFacts';
import { t } from './strings';

const REFRESH_MS = 30_000;

export function System() {
  const system = useSystemQuery(undefined, { pollingInterval: REFRESH_MS });
  const jobs = useJobsQuery(undefined, { pollingInterval: REFRESH_MS });
  const failed = system.error ?? jobs.error;
  const again = () => {
    void system.refetch();
    void jobs.refetch();
  };
  return (
    <div className="settings-stack">
      <Failed what={t('theSystem')} error={failed} onRetry={again} />
      {system.isLoading && <Loading rows={8} />}
      {system.data?.clock.jumped_to && <DoubtedClock jumpedTo={system.data.clock.jumped_to} />}
      {system.data && <SystemFacts system={system.data} />}
      <Secrets />
      {jobs.data && jobs.data.length > 0 && <Jobs jobs={jobs.data} />}
    </div>
  );
}

/** Asks an administrator whether a clock that jumped is right. */
function DoubtedClock({ jumpedTo }: { jumpedTo: string }) {
  const [confirm, { isLoading, error }] = useConfirmClockMutation();
  return (
    <section className="card doubt" role="alert">
      <Icon name="slow" />
      <div className="doubt-text">
        <p>
          <strong>{t('clockJumped', { time: formatAbsolute(Date.parse(jumpedTo)) })}</strong>
        </p>
        <p className="muted">{t('clockWhy')}</p>
        {error && <p className="settings-failed">{problemText(error)}</p>}
      </div>
      <Button look="primary" busy={isLoading} disabled={isLoading} onClick={() => void confirm()}>
        {t('confirmClock')}
      </Button>
    </section>
  );
}

const COLUMNS: DataColumn<Job>[] = [
  { id: 'job', label: t('job'), isHeader: true, cell: ({ name }) => <span className="mono">{name}</span> },
  { id: 'about', label: t('about'), cell: ({ about }) => about },
  { id: 'last', label: t('lastRun'), cell: (job) => <Time value={job.last_finished_at} /> },
  { id: 'result', label: t('lastResult'), cell: (job) => <LastResult job={job} /> },
];

function LastResult({ job }: { job: Job }) {
  if (job.last_succeeded === null || job.last_succeeded === undefined) return <span className="muted">{t('notYetRun')}</span>;
  if (job.last_succeeded) return job.last_result;
  return (
    <span className="job-failed">
      <Icon name="error" size={14} />
      {job.last_result}
    </span>
  );
}

function Jobs({ jobs }: { jobs: Job[] }) {
  return (
    <div>
      <div className="settings-section-head">
        <h2>{t('jobs')}</h2>
      </div>
      <div className="card">
        <DataTable label={t('jobs')} className="jobs" columns={COLUMNS} rows={jobs} keyOf={({ name }) => name} />
      </div>
    </div>
  );
}
