import { problemText } from '../../api/problem';
import type { Operation } from '../../api/types';
import { Button } from '../../ui/Button';
import { toast } from '../../ui/toasts';
import { useCancelOperationMutation } from './api';
import { t } from './strings';
import { operationLabel } from './words';

/** Takes back what has not begun. It asks for nothing first: what is left undone can be asked for again. */
export function CancelButton({ operation }: { operation: Pick<Operation, 'id' | 'action' | 'total'> }) {
  const [cancel, { isLoading }] = useCancelOperationMutation();
  const label = operationLabel(operation);
  const run = async () => {
    const answer = await cancel(operation.id);
    if (answer.error) return void toast(t('notCancelled', { operation: label, why: problemText(answer.error) }), { failure: true });
    toast(t('cancelled', { operation: label }));
  };
  return (
    <Button busy={isLoading} onClick={() => void run()} aria-label={t('cancelOf', { operation: label })}>
      {t('cancel')}
    </Button>
  );
}
