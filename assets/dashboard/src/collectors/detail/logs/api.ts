import { api } from '../../../api/client';
import type { LogLevel, LogPage } from '../../../api/types';

export interface LogFilter {
  id: string;
  level: LogLevel[];
  search: string;
}

export interface LogRequest extends LogFilter {
  limit: number;
  offset?: number;
  /** Only what came after this entry. */
  after?: number;
}

const logsApi = api.injectEndpoints({
  endpoints: (build) => ({
    logs: build.query<LogPage, LogRequest>({
      query: ({ id, ...params }) => ({ url: `collectors/${encodeURIComponent(id)}/logs`, params }),
      keepUnusedDataFor: 0,
    }),
  }),
});

export const { useLazyLogsQuery } = logsApi;

/** Where the server gives the same entries as a file. */
export function exportAddress({ id, level, search }: LogFilter): string {
  const query = new URLSearchParams({ format: 'csv', ...(search && { search }) });
  for (const each of level) query.append('level', each);
  return `/api/v1/collectors/${encodeURIComponent(id)}/logs?${query}`;
}
