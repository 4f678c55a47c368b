import { api } from '../../api/client';
import type { ImportReply } from '../../api/types';

/** Thousands of rows take minutes, as each gets its certificate. */
const ANSWER_WITHIN_MS = 15 * 60_000;

const importApi = api.injectEndpoints({
  endpoints: (build) => ({
    importCollectors: build.mutation<ImportReply, { collectors: Record<string, unknown>[]; dry_run: boolean }>({
      query: (body) => ({ url: 'collectors/bulk-import', method: 'POST', body, timeout: ANSWER_WITHIN_MS }),
      invalidatesTags: (_, error, { dry_run }) => (error || dry_run ? [] : ['Collectors', 'Audit']),
    }),
  }),
});

export const { useImportCollectorsMutation } = importApi;
