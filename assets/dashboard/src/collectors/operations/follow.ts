// An operation that goes on in the background: when it is over, a toast says
// how it ended.
import type { Dispatch } from '../../api/client';
import { problemStatus } from '../../api/problem';
import { toast } from '../../ui/toasts';
import { operationsApi } from './api';
import { t } from './strings';
import { isOver, operationLabel, progressText } from './words';

const LOOK_MS = 3000;
const followed = new Set<string>();

export function followInBackground(id: string) {
  return async (dispatch: Dispatch): Promise<void> => {
    if (followed.has(id)) return;
    followed.add(id);
    for (;;) {
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
      const look = operationsApi.endpoints.operationState.initiate(id, { subscribe: false, forceRefetch: true });
      const { data, error } = await dispatch(look);
      const gone = problemStatus(error) === 401 || problemStatus(error) === 404;
      if (!gone && !(data && isOver(data))) continue;
      followed.delete(id);
      if (data && !gone)
        toast(`${operationLabel(data)}: ${progressText(data)}`, {
          failure: data.failed > 0,
          action: { label: t('view'), to: `/operations/${id}` },
        });
      return;
    }
  };
}
