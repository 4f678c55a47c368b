// The collectors' endpoints. The fleet is fetched whole and kept by id, so
// that filters answer at once and a live event touches one row.
import { createEntityAdapter, type EntityState } from '@reduxjs/toolkit';
import type { FetchArgs, FetchBaseQueryError } from '@reduxjs/toolkit/query/react';
import { api } from '../api/client';
import { liveOrLate } from '../api/live';
import type {
  Action,
  AuditPage,
  Availability,
  Collector,
  CollectorPage,
  ConnectionTested,
  ConnectionToTest,
  Download,
  FleetMetrics,
  FleetRecent,
  GapPage,
  MetricsReply,
  NewCollector,
  RecentLine,
  RegisteredCollector,
} from '../api/types';
import { applyEvent, withArrivals } from './arrivals';

export type Fleet = EntityState<Collector, string>;

const fleet = createEntityAdapter<Collector>();

/** The most that the server gives in one reply. */
const PAGE_LIMIT = 5000;
/** A fleet beyond this is cut off rather than fetched for ever. */
const MOST_PAGES = 10;

type Ask = (
  args: FetchArgs,
) => PromiseLike<{ data?: unknown; error?: FetchBaseQueryError }> | { data?: unknown; error?: FetchBaseQueryError };

async function everyPage(ask: Ask): Promise<Collector[] | { error: FetchBaseQueryError }> {
  const all: Collector[] = [];
  for (let page = 1; page <= MOST_PAGES; page += 1) {
    const answer = await ask({ url: 'collectors', params: { limit: PAGE_LIMIT, page } });
    if (answer.error) return { error: answer.error };
    const reply = answer.data as CollectorPage;
    all.push(...reply.collectors);
    if (all.length >= reply.total || reply.collectors.length === 0) break;
  }
  return all;
}

export interface MetricsRequest {
  id: string;
  from: string;
  to: string;
  step?: number;
  match?: string[];
}

export const collectorsApi = api.injectEndpoints({
  endpoints: (build) => ({
    collectors: build.query<Fleet, void>({
      queryFn: async (_, __, ___, ask) => {
        // Asked earlier, the answer would not know what happens before the stream is there.
        await liveOrLate();
        const [all, arrived] = await withArrivals(() => everyPage(ask));
        if ('error' in all) return all;
        const found = new Map(all.map((collector) => [collector.id, collector]));
        for (const event of arrived) {
          const collector = event.collector_id ? found.get(event.collector_id) : undefined;
          if (collector) applyEvent(collector, event);
        }
        return { data: fleet.setAll(fleet.getInitialState(), all) };
      },
      providesTags: ['Collectors'],
    }),
    collector: build.query<Collector, string>({
      query: (id) => `collectors/${encodeURIComponent(id)}`,
      providesTags: (_, __, id) => [{ type: 'Collector', id }],
    }),
    collectorMetrics: build.query<MetricsReply, MetricsRequest>({
      query: ({ id, ...params }) => ({ url: `collectors/${encodeURIComponent(id)}/metrics`, params }),
      providesTags: (_, __, { id }) => [{ type: 'Metrics', id }],
      keepUnusedDataFor: 30,
    }),
    collectorActions: build.query<Action[], string>({
      query: (id) => `collectors/${encodeURIComponent(id)}/actions`,
      transformResponse: (reply: { actions: Action[] }) => reply.actions,
      providesTags: (_, __, id) => [{ type: 'CollectorAudit', id }],
    }),
    fleetMetrics: build.query<FleetMetrics, { from: string; to: string; step?: number }>({
      query: (params) => ({ url: 'fleet/metrics', params }),
      keepUnusedDataFor: 30,
    }),
    fleetRecent: build.query<Record<string, RecentLine>, void>({
      query: () => 'fleet/recent',
      transformResponse: ({ collectors }: FleetRecent) => Object.fromEntries(collectors.map((line) => [line.collector_id, line])),
    }),
    fleetAvailability: build.query<Availability, void>({ query: () => 'fleet/availability' }),
    collectorAvailability: build.query<Availability, string>({
      query: (id) => `collectors/${encodeURIComponent(id)}/availability`,
    }),
    collectorGaps: build.query<GapPage, { id: string; limit: number }>({
      query: ({ id, ...params }) => ({ url: `collectors/${encodeURIComponent(id)}/gaps`, params }),
    }),
    collectorAudit: build.query<AuditPage, { id: string; limit: number; cursor?: string }>({
      query: ({ id, ...params }) => ({ url: `collectors/${encodeURIComponent(id)}/audit`, params }),
      providesTags: (_, __, { id }) => [{ type: 'CollectorAudit', id }],
    }),
    testStoredConnection: build.mutation<ConnectionTested, string>({
      query: (id) => ({ url: `collectors/${encodeURIComponent(id)}/test-connection`, method: 'POST', body: {} }),
    }),
    downloads: build.query<Download[], void>({
      query: () => 'downloads',
      transformResponse: (reply: { files: Download[] }) => reply.files,
    }),
    testConnection: build.mutation<ConnectionTested, ConnectionToTest>({
      query: (body) => ({ url: 'collectors/test-connection', method: 'POST', body }),
    }),
    registerCollector: build.mutation<RegisteredCollector, NewCollector>({
      query: (body) => ({ url: 'collectors/register', method: 'POST', body }),
      invalidatesTags: (_, error) => (error ? [] : ['Collectors', 'Audit']),
    }),
  }),
});

export const {
  useCollectorsQuery,
  useCollectorQuery,
  useDownloadsQuery,
  useCollectorMetricsQuery,
  useCollectorActionsQuery,
  useFleetMetricsQuery,
  useFleetRecentQuery,
  useFleetAvailabilityQuery,
  useCollectorAvailabilityQuery,
  useCollectorGapsQuery,
  useCollectorAuditQuery,
  useTestStoredConnectionMutation,
  useTestConnectionMutation,
  useRegisterCollectorMutation,
} = collectorsApi;

const fleetOf = collectorsApi.endpoints.collectors.select();

type ApiState = Parameters<typeof fleetOf>[0];

/** One collector of the fleet; a row subscribes to this and to nothing else. */
export function collectorById(state: ApiState, id: string): Collector | undefined {
  return fleetOf(state).data?.entities[id];
}

const recentOf = collectorsApi.endpoints.fleetRecent.select();

/** The last hour of one collector. */
export function recentById(state: Parameters<typeof recentOf>[0], id: string): RecentLine | undefined {
  return recentOf(state).data?.[id];
}
