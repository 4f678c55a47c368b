import { api, type Dispatch } from '../../../api/client';
import type { DocumentsReply, LogLevel, LogPage } from '../../../api/types';

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

/** The most that the server gives in one reply. */
const MOST_DOCUMENTS = 1000;

export interface DocumentsRequest {
  id: string;
  type: string;
  from: string;
  cursor?: string | undefined;
}

const logsApi = api.injectEndpoints({
  endpoints: (build) => ({
    logs: build.query<LogPage, LogRequest>({
      query: ({ id, ...params }) => ({ url: `collectors/${encodeURIComponent(id)}/logs`, params }),
      keepUnusedDataFor: 0,
    }),
    documentPages: build.query<DocumentsReply, DocumentsRequest>({
      query: ({ id, ...params }) => ({
        url: `collectors/${encodeURIComponent(id)}/documents`,
        params: { ...params, limit: MOST_DOCUMENTS },
      }),
      keepUnusedDataFor: 0,
    }),
  }),
});

/** Asks once; who reads a log keeps its pages together. */
export function askForLogs(dispatch: Dispatch, request: LogRequest) {
  return dispatch(logsApi.endpoints.logs.initiate(request, { subscribe: false, forceRefetch: true }));
}

export function askForDocuments(dispatch: Dispatch, request: DocumentsRequest) {
  return dispatch(logsApi.endpoints.documentPages.initiate(request, { subscribe: false, forceRefetch: true }));
}

/** Where the server gives the same entries as a file. */
export function exportAddress({ id, level, search }: LogFilter): string {
  const query = new URLSearchParams({ format: 'csv', ...(search && { search }) });
  for (const each of level) query.append('level', each);
  return `/api/v1/collectors/${encodeURIComponent(id)}/logs?${query}`;
}
