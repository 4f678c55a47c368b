import { Link } from 'react-router';
import { Failed } from '../../api/Failed';
import { useAuditInfiniteQuery } from '../../audit/api';
import { Loading } from '../../ui/states';
import { Time } from '../../ui/Time';
import { t } from './strings';

const ENTRIES = 8;
/** Looking at the log is recorded too, which is no news here. */
const FETCHED = 40;

export function RecentActivity() {
  const { data, error, isLoading, refetch } = useAuditInfiniteQuery({ limit: FETCHED }, { refetchOnMountOrArgChange: true });
  const entries = (data?.pages[0]?.entries ?? []).filter(({ action }) => !action.startsWith('audit.')).slice(0, ENTRIES);
  return (
    <section className="card overview-section" aria-labelledby="recent">
      <h2 id="recent">{t('recent')}</h2>
      <Failed what={t('theActivity')} error={error} onRetry={refetch} />
      {isLoading && <Loading rows={6} />}
      {data && entries.length === 0 && <p className="muted">{t('nothing')}</p>}
      <ul>
        {entries.map((entry) => (
          <li key={entry.seq} className="activity-row">
            <span className="activity-what">
              <span className="mono">{entry.action}</span> {entry.target?.name}
            </span>
            <span className="meta">
              {entry.actor.name} · <Time value={entry.time} />
            </span>
          </li>
        ))}
      </ul>
      <p>
        <Link className="tall-link" to="/audit">
          {t('all')}
        </Link>
      </p>
    </section>
  );
}
