// What the table shows for a URL, and what an event changes in a collector.
import { expect, test } from 'vitest';
import type { Collector, LiveEvent } from '../api/types';
import { matchingButStatus, readView, sorted, toRows } from './list/view';
import { applyEvent } from './arrivals';

function collector(change: Partial<Collector>): Collector {
  return {
    id: 'col_1',
    name: 'db',
    host: 'h',
    database: 'd',
    tags: [],
    group: null,
    environment: 'production',
    status: 'online',
    hostname: null,
    ...change,
  } as Collector;
}

const view = (query: string) => readView(new URLSearchParams(query));

test('an unknown sort of the URL falls back to the name', () => {
  expect(view('sort=colour&groupBy=planet')).toMatchObject({ sort: 'name', groupBy: null });
});

test('every word of the search must be found, in any of the texts', () => {
  const fleet = [collector({ name: 'orders', tags: ['eu'] }), collector({ name: 'orders-us' })];
  expect(matchingButStatus(fleet, view('q=ORD+eu'))).toHaveLength(1);
});

test('several values of a filter mean any of them', () => {
  const fleet = (['production', 'staging', 'development'] as const).map((environment) => collector({ environment }));
  expect(matchingButStatus(fleet, view('environment=staging&environment=production'))).toHaveLength(2);
});

test('sorting by status puts the worst first', () => {
  const fleet = (['online', 'error', 'slow'] as const).map((status) => collector({ id: status, status }));
  expect(sorted(fleet, view('sort=status&dir=asc')).map(({ id }) => id)).toEqual(['error', 'slow', 'online']);
});

test('names with numbers sort as people count', () => {
  const fleet = ['db-10', 'db-9'].map((name) => collector({ id: name, name }));
  expect(sorted(fleet, view('')).map(({ name }) => name)).toEqual(['db-9', 'db-10']);
});

test('group headings do not take a row number', () => {
  const rows = toRows([collector({ id: 'a', status: 'error' }), collector({ id: 'b' })], 'status');
  expect(rows.map((row) => (row.kind === 'collector' ? row.place : row.label))).toEqual(['Error', 0, 'Online', 1]);
});

const event = (type: string, data: Record<string, unknown>): LiveEvent => ({
  type,
  seq: 1,
  collector_id: 'col_1',
  timestamp: '2026-11-20T14:00:00.000Z',
  data,
});

test('a status event carries the status and its reason', () => {
  const changed = collector({});
  applyEvent(changed, event('collector:status-changed', { old_status: 'online', new_status: 'slow', reason: 'late' }));
  expect(changed).toMatchObject({ status: 'slow', status_reason: 'late' });
});

test('a heartbeat brings the figures that it carries and never another id', () => {
  const changed = collector({ cpu_usage: 1, last_heartbeat: null });
  applyEvent(changed, event('collector:heartbeat', { cpu_usage: 42, id: 'col_9', unknown: true }));
  expect(changed).toMatchObject({ id: 'col_1', cpu_usage: 42, last_heartbeat: '2026-11-20T14:00:00.000Z' });
  expect(changed).not.toHaveProperty('unknown');
});

test('a push counts as a heartbeat and adds its documents', () => {
  const changed = collector({ metrics_collected: 5 });
  applyEvent(changed, event('collector:metrics', { documents: 3 }));
  expect(changed).toMatchObject({ metrics_collected: 8, last_heartbeat: '2026-11-20T14:00:00.000Z' });
});
