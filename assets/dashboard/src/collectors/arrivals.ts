// What an event changes in a collector, and what to do with events that come
// while the whole fleet is being fetched: the answer may be older than they
// are, so they are applied to it once more.
import type { Collector, LiveEvent } from '../api/types';

/** Puts one event into a collector, in place. */
export function applyEvent(collector: Collector, event: LiveEvent): void {
  const data = event.data ?? {};
  switch (event.type) {
    case 'collector:status-changed':
      collector.status = data.new_status as Collector['status'];
      collector.status_reason = typeof data.reason === 'string' ? data.reason : '';
      return;
    case 'collector:metrics':
      // A push counts as a heartbeat.
      collector.last_heartbeat = event.timestamp;
      collector.last_collection_at = event.timestamp;
      if (typeof data.documents === 'number') collector.metrics_collected += data.documents;
      return;
    case 'collector:heartbeat':
      collector.last_heartbeat = event.timestamp;
      break;
  }
  copyKnown(collector, data);
}

/** Members of an event that a collector has under the same name. */
function copyKnown(collector: Collector, data: Record<string, unknown>): void {
  for (const [key, value] of Object.entries(data)) {
    if (key !== 'id' && key in collector && value !== undefined) Object.assign(collector, { [key]: value });
  }
}

/** Those that say how things are; one that says how much was added would count twice. */
const ABSOLUTE = new Set(['collector:status-changed', 'collector:heartbeat']);

const fetches = new Set<LiveEvent[]>();

/** Hands events to every fetch that is under way. */
export function noteArrivals(events: LiveEvent[]): void {
  for (const arrived of fetches) arrived.push(...events.filter(({ type }) => ABSOLUTE.has(type)));
}

/** Fetches, and gives the events that came meanwhile beside the answer. */
export async function withArrivals<T>(fetch: () => Promise<T>): Promise<[T, LiveEvent[]]> {
  const arrived: LiveEvent[] = [];
  fetches.add(arrived);
  try {
    return [await fetch(), arrived];
  } finally {
    fetches.delete(arrived);
  }
}
