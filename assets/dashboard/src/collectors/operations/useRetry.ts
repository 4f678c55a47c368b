import { problemText } from '../../api/problem';
import type { OperationDetail } from '../../api/types';
import { toast } from '../../ui/toasts';
import { useStartOperationMutation } from './api';
import { t } from './strings';
import { isOver, operationLabel, retryOf } from './words';

/** Asks again for what failed; `onStarted` gets the new operation. */
export function useRetry(operation: OperationDetail | undefined, onStarted: (id: string) => void) {
  const [start, { isLoading }] = useStartOperationMutation();
  const wish = operation && isOver(operation) ? retryOf(operation) : null;
  const retry = async () => {
    if (!wish) return;
    const answer = await start(wish);
    if (answer.error) return void toast(t('notRetried', { why: problemText(answer.error) }), { failure: true });
    toast(t('retried', { operation: operationLabel({ action: wish.action, total: wish.collector_ids.length }) }));
    onStarted(answer.data.operation_id);
  };
  return { canRetry: wish !== null, retry, isRetrying: isLoading };
}
