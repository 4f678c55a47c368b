import { useState } from 'react';
import type { BulkWish } from '../../api/types';
import { toast } from '../../ui/toasts';
import { useStartOperationMutation } from '../operations/api';
import { t as words } from '../operations/strings';

/** Changes several collectors in the registry, which is done at once unless something is wrong. */
export function useSaveMany(saved: string, onStarted: () => void, onClose: () => void) {
  const [start, { isLoading, error }] = useStartOperationMutation();
  const [operation, setOperation] = useState<string>();
  const save = async (wish: BulkWish) => {
    const answer = await start(wish);
    if (answer.error) return;
    onStarted();
    const { operation_id: id, state, failed } = answer.data;
    // Failures, and what takes longer, are worth looking at.
    if (state !== 'completed' || failed > 0) return setOperation(id);
    toast(saved, { action: { label: words('view'), to: `/operations/${id}` } });
    onClose();
  };
  return { save, operation, setOperation, isSaving: isLoading, error };
}
