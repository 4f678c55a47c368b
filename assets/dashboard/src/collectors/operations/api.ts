// Operations: what was asked of many collectors at once. They go on in the
// daemon, whether a page shows them or not.
import { api, type Dispatch } from '../../api/client';
import type { BulkAccepted, BulkWish, LiveEvent, Operation, OperationDetail } from '../../api/types';
import { later } from '../../lib/later';

const LIST_LIMIT = 100;
const REFRESH_MS = 1000;
/** A list of thousands of results is fetched less often. */
const LARGE = 500;
const REFRESH_LARGE_MS = 4000;

export const operationsApi = api.injectEndpoints({
  endpoints: (build) => ({
    operations: build.query<{ operations: Operation[]; total: number }, void>({
      query: () => ({ url: 'operations', params: { limit: LIST_LIMIT } }),
      providesTags: ['Operations'],
    }),
    operation: build.query<OperationDetail, string>({
      query: (id) => `operations/${encodeURIComponent(id)}`,
      providesTags: (_, __, id) => [{ type: 'Operation', id }],
    }),
    /** How far it is, without what became of each collector. */
    operationState: build.query<Operation, string>({
      query: (id) => ({ url: `operations/${encodeURIComponent(id)}`, params: { limit: 1 } }),
    }),
    startOperation: build.mutation<BulkAccepted, BulkWish>({
      query: (body) => ({ url: 'collectors/bulk-action', method: 'POST', body }),
      invalidatesTags: (_, error) => (error ? [] : ['Operations', 'Collectors', 'Collector', 'Archived', 'Audit']),
    }),
    cancelOperation: build.mutation<unknown, string>({
      query: (id) => ({ url: `operations/${encodeURIComponent(id)}`, method: 'DELETE' }),
      invalidatesTags: (_, __, id) => ['Operations', { type: 'Operation', id }, 'Audit'],
    }),
  }),
});

export const { useOperationsQuery, useOperationQuery, useStartOperationMutation, useCancelOperationMutation } = operationsApi;

type Progress = Pick<Operation, 'state' | 'total' | 'done' | 'failed' | 'cancelled'>;

/** Puts what the live stream tells of operations into what the page has of them. */
export function applyOperationEvents(dispatch: Dispatch, events: LiveEvent[]): void {
  for (const { type, data } of events) {
    if (type !== 'operation:progress' || typeof data?.operation_id !== 'string') continue;
    const { operation_id: id, ...progress } = data as unknown as Progress & { operation_id: string };
    const merge = (operation: Operation) => void Object.assign(operation, progress);
    dispatch(operationsApi.util.updateQueryData('operation', id, merge));
    dispatch(
      operationsApi.util.updateQueryData('operations', undefined, ({ operations }) => {
        const listed = operations.find((each) => each.id === id);
        if (listed) merge(listed);
      }),
    );
    const delay = progress.total > LARGE ? REFRESH_LARGE_MS : REFRESH_MS;
    later(`operation ${id}`, delay, () => dispatch(operationsApi.util.invalidateTags([{ type: 'Operation', id }, 'Operations'])));
  }
}
