// How operations read.
import type { BulkKind, BulkWish, Operation, OperationDetail, OperationResult, OperationState } from '../../api/types';
import { formatAbsolute } from '../../lib/time';
import { t } from './strings';

export function operationLabel({ action, total }: { action: BulkKind; total: number }): string {
  return t(action, { n: total });
}

const STATES: Record<OperationState, string> = {
  scheduled: t('scheduled'),
  running: t('running'),
  completed: t('completed'),
  cancelled: t('stateCancelled'),
  expired: t('expired'),
};

export function stateWord(state: OperationState): string {
  return STATES[state];
}

const RESULTS: Record<OperationResult['status'], string> = {
  pending: t('itemPending'),
  in_progress: t('itemRunning'),
  completed: t('itemDone'),
  failed: t('itemFailed'),
  expired: t('itemExpired'),
  cancelled: t('itemCancelled'),
};

export function resultWord(status: OperationResult['status']): string {
  return RESULTS[status];
}

type Counts = Pick<Operation, 'total' | 'done' | 'failed' | 'cancelled'>;

/** "3 of 5 done, 1 failed". */
export function progressText({ total, done, failed, cancelled }: Counts): string {
  return (
    t('done', { done, total }) +
    (failed > 0 ? t('andFailed', { n: failed }) : '') +
    (cancelled > 0 ? t('andCancelled', { n: cancelled }) : '')
  );
}

export function statusText(operation: Counts & Pick<Operation, 'state' | 'schedule_at'>): string {
  if (operation.state !== 'scheduled' || !operation.schedule_at) return progressText(operation);
  return t('scheduledFor', { time: formatAbsolute(Date.parse(operation.schedule_at)) });
}

export function isOver({ state }: Pick<Operation, 'state'>): boolean {
  return state === 'completed' || state === 'cancelled' || state === 'expired';
}

/** The same again for those on which it failed; nothing when there are none. */
export function retryOf({ action, params, reason, results }: OperationDetail): BulkWish | null {
  const failed = results.filter(({ status }) => status === 'failed' || status === 'expired').map(({ collector_id: id }) => id);
  if (failed.length === 0) return null;
  return {
    action,
    collector_ids: failed,
    params,
    ...(reason ? { reason } : {}),
    // Whoever asked had typed it for all of them.
    ...(action === 'unregister' ? { confirm: `unregister ${failed.length}` } : {}),
  };
}
