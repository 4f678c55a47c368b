// The one way to the server. Endpoints are added by the folder of each noun.
import type { ThunkDispatch, UnknownAction } from '@reduxjs/toolkit';
import { createApi, fetchBaseQuery, type BaseQueryFn, type FetchArgs, type FetchBaseQueryError } from '@reduxjs/toolkit/query/react';

const ANSWER_WITHIN_MS = 30_000;

let csrfToken = '';

/** Mutations carry it; it comes with the sign-in and lives in memory only. */
export function setCsrfToken(token: string): void {
  csrfToken = token;
}

const plainQuery = fetchBaseQuery({
  baseUrl: '/api/v1/',
  timeout: ANSWER_WITHIN_MS,
  headers: { Accept: 'application/json' },
  // Problem documents are JSON of another media type, and some answers are empty.
  responseHandler: async (response) => {
    const text = await response.text();
    return text === '' ? null : (JSON.parse(text) as unknown);
  },
  paramsSerializer: (params: Record<string, unknown>) => {
    const search = new URLSearchParams();
    for (const [key, value] of Object.entries(params)) {
      const values = Array.isArray(value) ? value : [value];
      for (const each of values) if (each !== undefined && each !== '') search.append(key, String(each));
    }
    return search.toString();
  },
});

function isMutation(args: string | FetchArgs): args is FetchArgs {
  return typeof args !== 'string' && args.method !== undefined && args.method !== 'GET';
}

const query: BaseQueryFn<string | FetchArgs, unknown, FetchBaseQueryError> = async (args, context, extra) => {
  const sent = isMutation(args) ? { ...args, headers: { 'X-CSRF-Token': csrfToken, 'Idempotency-Key': newKey() } } : args;
  const answer = await plainQuery(sent, context, extra);
  const path = typeof args === 'string' ? args : args.url;
  if (answer.error?.status === 401 && !path.startsWith('auth/')) context.dispatch({ type: SESSION_ENDED });
  return answer;
};

/** Dispatched when the server no longer knows this browser's session. */
export const SESSION_ENDED = 'session/ended';

/** `crypto.randomUUID` exists in secure contexts only; random bytes everywhere. */
function newKey(): string {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

export const api = createApi({
  reducerPath: 'api',
  baseQuery: query,
  tagTypes: [
    'Session',
    'Setup',
    'Collectors',
    'Collector',
    'Metrics',
    'Groups',
    'Archived',
    'Operations',
    'Operation',
    'Audit',
    'CollectorAudit',
    'Users',
    'Secrets',
    'Tokens',
    'System',
  ],
  endpoints: () => ({}),
});

/** What a function that outlives its component dispatches with. */
export type Dispatch = ThunkDispatch<any, unknown, UnknownAction>;
