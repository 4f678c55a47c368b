import { Link, useNavigate, useParams } from 'react-router';
import { problemStatus, problemText, requestId } from '../../api/problem';
import { useMay } from '../../api/session';
import type { OperationDetail } from '../../api/types';
import { usePageTitle } from '../../lib/hooks';
import { Button, ButtonLink } from '../../ui/Button';
import { Fact } from '../../ui/Fact';
import { Icon } from '../../ui/Icon';
import { EmptyState, Loading, LoadFailure } from '../../ui/states';
import { Time } from '../../ui/Time';
import { useOperationQuery } from './api';
import { CancelButton } from './CancelButton';
import { Progress, Results } from './Progress';
import { t } from './strings';
import { useRetry } from './useRetry';
import { isOver, operationLabel, stateWord } from './words';

const POLL_MS = 5000;

export function OperationPage() {
  const { id = '' } = useParams();
  const { data, error, isLoading, refetch } = useOperation(id);
  if (problemStatus(error) === 404 || problemStatus(error) === 400) return <Gone />;
  return (
    <>
      <Link to="/operations" className="back meta tall-link">
        <Icon name="chevronLeft" size={14} />
        {t('allOperations')}
      </Link>
      {error && (
        <LoadFailure what={t('theOperation')} why={problemText(error)} requestId={requestId(error)} onRetry={() => void refetch()} />
      )}
      {isLoading && <Loading rows={6} />}
      {data && <OperationView operation={data} />}
    </>
  );
}

/** An operation as it goes on; once it is over nothing more is asked. */
export function useOperation(id: string) {
  const answer = useOperationQuery(id, { refetchOnMountOrArgChange: true });
  const over = answer.data !== undefined && isOver(answer.data);
  useOperationQuery(id, { pollingInterval: over ? 0 : POLL_MS });
  return answer;
}

function Gone() {
  usePageTitle(t('gone'));
  return (
    <>
      <h1 className="hidden-visually">{t('gone')}</h1>
      <EmptyState title={t('gone')} action={<ButtonLink to="/operations">{t('allOperations')}</ButtonLink>}>
        {t('goneWhy')}
      </EmptyState>
    </>
  );
}

function OperationView({ operation }: { operation: OperationDetail }) {
  const label = operationLabel(operation);
  usePageTitle(label);
  const mayAdminister = useMay('administer');
  const navigate = useNavigate();
  const { canRetry, retry, isRetrying } = useRetry(operation, (id) => void navigate(`/operations/${id}`));
  const cancellable = operation.can_cancel && !isOver(operation);
  return (
    <>
      <div className="page-head">
        <h1 className="grow">{label}</h1>
        {mayAdminister && cancellable && <CancelButton operation={operation} />}
        {mayAdminister && canRetry && (
          <Button look="primary" icon="refresh" busy={isRetrying} onClick={() => void retry()}>
            {t('retry')}
          </Button>
        )}
      </div>
      <div className="card operation-card">
        <Progress operation={operation} />
        <dl className="facts">
          <Fact name={t('state')}>{stateWord(operation.state)}</Fact>
          <Fact name={t('startedBy')}>{operation.started_by}</Fact>
          <Fact name={t('reason')}>{operation.reason}</Fact>
          <Fact name={t('asked')}>
            <Time value={operation.created_at} />
          </Fact>
          <Fact name={t('startsAt')}>{operation.schedule_at && !operation.started_at && <Time value={operation.schedule_at} />}</Fact>
          <Fact name={t('started')}>{operation.started_at && <Time value={operation.started_at} />}</Fact>
          <Fact name={t('finished')}>{operation.completed_at && <Time value={operation.completed_at} />}</Fact>
          <Fact name={t('why')}>{operation.error_message}</Fact>
        </dl>
      </div>
      <div className="card">
        <Results operation={operation} />
      </div>
    </>
  );
}
