import { useNavigate, useParams } from 'react-router';
import { Failed } from '../../api/Failed';
import { problemStatus } from '../../api/problem';
import { useMay } from '../../api/session';
import type { OperationDetail } from '../../api/types';
import { usePageTitle } from '../../lib/hooks';
import { BackLink } from '../../ui/BackLink';
import { Button, ButtonLink } from '../../ui/Button';
import { Fact } from '../../ui/Fact';
import { GonePage, Loading } from '../../ui/states';
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
  const label = data ? operationLabel(data) : t('operation');
  const gone = problemStatus(error) === 404 || problemStatus(error) === 400;
  usePageTitle(gone ? t('gone') : label);
  if (gone) return <Gone />;
  return (
    <>
      <BackLink to="/operations">{t('allOperations')}</BackLink>
      <div className="page-head">
        <h1 className="grow">{label}</h1>
        {data && <OperationActions operation={data} />}
      </div>
      <Failed what={t('theOperation')} error={error} onRetry={refetch} />
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
  return (
    <GonePage title={t('gone')} action={<ButtonLink to="/operations">{t('allOperations')}</ButtonLink>}>
      {t('goneWhy')}
    </GonePage>
  );
}

function OperationActions({ operation }: { operation: OperationDetail }) {
  const mayAdminister = useMay('administer');
  const navigate = useNavigate();
  const { canRetry, retry, isRetrying } = useRetry(operation, (id) => void navigate(`/operations/${id}`));
  if (!mayAdminister) return null;
  return (
    <>
      {operation.can_cancel && !isOver(operation) && <CancelButton operation={operation} />}
      {canRetry && (
        <Button look="primary" icon="refresh" busy={isRetrying} onClick={() => void retry()}>
          {t('retry')}
        </Button>
      )}
    </>
  );
}

function OperationView({ operation }: { operation: OperationDetail }) {
  return (
    <>
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
