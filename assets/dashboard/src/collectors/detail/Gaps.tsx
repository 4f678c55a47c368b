import { problemText, requestId } from '../../api/problem';
import type { Gap } from '../../api/types';
import { formatCount, MISSING } from '../../lib/format';
import { Section } from '../../ui/Section';
import { LoadFailure } from '../../ui/states';
import { Time } from '../../ui/Time';
import { useCollectorGapsQuery } from '../api';
import { t } from './strings';

const SHOWN = 5;
const REFRESH_MS = 60_000;

const REASONS: Record<Gap['reason'], () => string> = {
  spool_full: () => t('spoolFull'),
  not_written: () => t('notWritten'),
  refused: () => t('refused'),
  damaged: () => t('damaged'),
  rejected: () => t('rejected'),
  other: () => t('otherReason'),
};

/** What is lost for good; nothing where nothing is. */
export function Gaps({ id }: { id: string }) {
  const { data, error, refetch } = useCollectorGapsQuery(
    { id, limit: SHOWN },
    { pollingInterval: REFRESH_MS, refetchOnMountOrArgChange: true },
  );
  // Nothing to see must not be taken for nothing lost.
  if (error)
    return (
      <div className="overview-wide">
        <LoadFailure what={t('theGaps')} why={problemText(error)} requestId={requestId(error)} onRetry={() => void refetch()} />
      </div>
    );
  if (!data || data.total === 0) return null;
  return (
    <Section title={t('gaps')} className="overview-wide">
      <p>{t('gapsTotal', { n: data.total, documents: formatCount(data.documents) })}</p>
      <div className="scroll-x" role="region" aria-label={t('gaps')} tabIndex={0}>
        <table className="table" aria-label={t('gaps')}>
          <thead>
            <tr>
              <th scope="col">{t('firstAt')}</th>
              <th scope="col">{t('lastAt')}</th>
              <th scope="col">{t('documents')}</th>
              <th scope="col">{t('reason')}</th>
            </tr>
          </thead>
          <tbody>
            {data.gaps.map((gap) => (
              <tr key={gap.id}>
                <td>
                  <Time value={gap.first_at} />
                </td>
                <td>
                  <Time value={gap.last_at} />
                </td>
                <td>{gap.documents > 0 ? formatCount(gap.documents) : MISSING}</td>
                <td>{REASONS[gap.reason]()}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Section>
  );
}
