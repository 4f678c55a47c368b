import { expect, test } from 'vitest';
import { parseTime, resolveRange, stepFor, zoomOut } from './timeRange';

const NOW = Date.parse('2026-11-20T14:00:00Z');
const HOUR = 3_600_000;

test('relative and absolute times are read', () => {
  expect(parseTime('now', NOW)).toBe(NOW);
  expect(parseTime('now-6h', NOW)).toBe(NOW - 6 * HOUR);
  expect(parseTime('now+2h', NOW)).toBe(NOW + 2 * HOUR);
  expect(parseTime('2026-11-20T13:00:00.000Z', NOW)).toBe(NOW - HOUR);
  expect(parseTime('2026-11-20 13:00 UTC', NOW)).toBe(NOW - HOUR);
});

test('what is no time is null', () => {
  expect(parseTime('yesterday', NOW)).toBeNull();
  expect(parseTime('now-5x', NOW)).toBeNull();
});

test('an unreadable or empty range of the URL becomes the last hour', () => {
  const lastHour = { fromMs: NOW - HOUR, toMs: NOW };
  expect(resolveRange({ from: 'x', to: 'now' }, NOW)).toEqual(lastHour);
  expect(resolveRange({ from: 'now', to: 'now-1h' }, NOW)).toEqual(lastHour);
});

test('zooming out doubles the span and stays before now', () => {
  const out = zoomOut({ fromMs: NOW - HOUR, toMs: NOW }, NOW);
  expect(out).toEqual({ fromMs: NOW - 2 * HOUR, toMs: NOW });
});

test('a short range has every point, a long one at least two intervals a step', () => {
  expect(stepFor({ fromMs: NOW - HOUR, toMs: NOW }, 60)).toBe(0);
  expect(stepFor({ fromMs: NOW - 24 * HOUR, toMs: NOW }, 60)).toBe(120);
  expect(stepFor({ fromMs: NOW - 720 * HOUR, toMs: NOW }, 60)).toBe(3600);
});
