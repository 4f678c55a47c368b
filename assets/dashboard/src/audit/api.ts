import { api } from '../api/client';
import type { AuditPage, ChainCheck } from '../api/types';

export interface AuditFilter {
  actor?: string;
  action?: string;
  limit: number;
}

const auditApi = api.injectEndpoints({
  endpoints: (build) => ({
    audit: build.infiniteQuery<AuditPage, AuditFilter, string>({
      query: ({ queryArg, pageParam }) => ({ url: 'audit', params: { ...queryArg, cursor: pageParam } }),
      infiniteQueryOptions: { initialPageParam: '', getNextPageParam: (page) => page.next_cursor ?? undefined },
      providesTags: ['Audit'],
    }),
    verifyChain: build.query<ChainCheck, void>({ query: () => 'audit/verify' }),
  }),
});

export const { useAuditInfiniteQuery, useVerifyChainQuery } = auditApi;
