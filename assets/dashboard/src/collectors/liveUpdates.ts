// What an event changes in the collectors that the page already has. Figures
// that an event does not carry are fetched again, at most once in a while.
import type { Store } from '@reduxjs/toolkit';
import { api, type Dispatch } from '../api/client';
import type { LiveEvent } from '../api/types';
import { later } from '../lib/later';
import { collectorsApi } from './api';
import { applyEvent, noteArrivals } from './arrivals';
import { applyOperationEvents } from './operations/api';
import { noteStatus } from './underWay';

/** Events carry nearly all that the table shows; this brings the rest. */
const FLEET_REFRESH_MS = 300_000;
const COLLECTOR_REFRESH_MS = 2000;
const MEMBERSHIP = new Set(['collector:registered', 'collector:unregistered']);

export function applyCollectorEvents(store: Store, events: LiveEvent[]): void {
  const dispatch = store.dispatch as (action: unknown) => unknown;
  const touched = new Set<string>();
  noteArrivals(events);
  dispatch(
    collectorsApi.util.updateQueryData('collectors', undefined, (fleet) => {
      for (const event of events) {
        const collector = event.collector_id ? fleet.entities[event.collector_id] : undefined;
        if (collector) applyEvent(collector, event);
      }
    }),
  );
  for (const { type, collector_id: id, data } of events) {
    if (!id) continue;
    touched.add(id);
    if (type === 'collector:status-changed') noteStatus(id, data?.new_status);
  }
  for (const id of touched) {
    dispatch(
      collectorsApi.util.updateQueryData('collector', id, (collector) => {
        for (const event of events) if (event.collector_id === id) applyEvent(collector, event);
      }),
    );
    later(`collector ${id}`, COLLECTOR_REFRESH_MS, () => {
      dispatch(
        api.util.invalidateTags([
          { type: 'Collector', id },
          { type: 'Metrics', id },
        ]),
      );
    });
  }
  applyOperationEvents(dispatch as Dispatch, events);
  const delay = events.some((event) => MEMBERSHIP.has(event.type)) ? 0 : FLEET_REFRESH_MS;
  later(delay === 0 ? 'membership' : 'fleet', delay, () =>
    dispatch(api.util.invalidateTags(delay === 0 ? ['Collectors', 'Archived'] : ['Collectors'])),
  );
}

/** Fetches everything shown again; false when the server did not answer. */
export async function refetchFleet(store: Store): Promise<boolean> {
  const dispatch = store.dispatch as (action: unknown) => unknown;
  dispatch(api.util.invalidateTags(['Collectors', 'Collector', 'Metrics', 'CollectorAudit', 'Operations', 'Operation', 'Archived']));
  const answer = await fetch('/api/v1/health', { cache: 'no-store' }).catch(() => null);
  return answer?.ok ?? false;
}
