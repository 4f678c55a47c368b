import { useState } from 'react';
import { useDispatch } from 'react-redux';
import type { Dispatch } from '../../api/client';
import { problemText } from '../../api/problem';
import type { BulkWish } from '../../api/types';
import { toast } from '../../ui/toasts';
import { operationsApi, useStartOperationMutation } from '../operations/api';
import { t as words } from '../operations/strings';
import { t } from './strings';

/** Changes several collectors in the registry, which is done at once unless something is wrong. */
export function useSaveMany(saved: string, onStarted: () => void, onClose: () => void) {
  const [start, { isLoading, error }] = useStartOperationMutation();
  const [operation, setOperation] = useState<string>();
  const dispatch = useDispatch<Dispatch>();
  /** With the wishes that bring back what there was. */
  const save = async (wish: BulkWish, back: BulkWish[]) => {
    const answer = await start(wish);
    if (answer.error) return;
    onStarted();
    const { operation_id: id, state, failed } = answer.data;
    // Failures, and what takes longer, are worth looking at.
    if (state !== 'completed' || failed > 0) return setOperation(id);
    toast(saved, {
      action: back.length > 0 ? { label: t('undo'), run: () => void dispatch(takeBack(back)) } : undefined,
      more: { label: words('view'), to: `/operations/${id}` },
    });
    onClose();
  };
  return { save, operation, setOperation, isSaving: isLoading, error };
}

function takeBack(wishes: BulkWish[]) {
  return async (dispatch: Dispatch): Promise<void> => {
    for (const wish of wishes) {
      const answer = await dispatch(operationsApi.endpoints.startOperation.initiate(wish));
      if (answer.error) return void toast(t('notTakenBack', { why: problemText(answer.error) }), { failure: true });
      const { operation_id: id, failed } = answer.data;
      if (failed > 0)
        toast(t('notAllTakenBack', { n: failed }), { failure: true, more: { label: words('view'), to: `/operations/${id}` } });
    }
  };
}
