import { expect, test } from 'vitest';
import type { LogEntry } from '../../../api/types';
import { entryAt, tops, windowOf } from './layout';

const entries = (count: number, message = 'm') => Array.from({ length: count }, (_, id) => ({ id, message }) as LogEntry);

test('a long message takes as many lines as it has, when lines are wrapped', () => {
  expect(tops(entries(2, 'x'.repeat(25)), { letters: 10, besidePx: 8 })).toEqual([0, 68, 136]);
  expect(tops(entries(1, 'a\n\nb'), { letters: 10, besidePx: 0 })).toEqual([0, 60]);
  expect(tops(entries(2, 'x'.repeat(25)), { letters: Infinity, besidePx: 8 })).toEqual([0, 28, 56]);
});

test('the window holds what is on screen and is far from all', () => {
  const top = tops(entries(5000), { letters: Infinity, besidePx: 8 });
  const { first, end } = windowOf(top, 28_000, 560);
  expect(first).toBeLessThanOrEqual(1000);
  expect(end).toBeGreaterThanOrEqual(1020);
  expect(end - first).toBeLessThan(60);
  expect(windowOf(top, 9_999_999, 560).end).toBe(5000);
});

test('the entry at a place is the one that covers it', () => {
  expect(entryAt([0, 10, 20], 9)).toBe(0);
  expect(entryAt([0, 10, 20], 10)).toBe(1);
  expect(entryAt([0], 10)).toBe(0);
});
