import { expect, test } from 'vitest';
import type { LogEntry, LogPage } from '../../../api/types';
import { hitsIn, hitsOf, newest, withNewer, withOlder } from './entries';

const entry = (id: number, message = '', level: LogEntry['level'] = 'INFO'): LogEntry => ({
  id,
  level,
  message,
  timestamp: `2026-11-20T14:00:${String(id).padStart(2, '0')}.000Z`,
  fields: {},
});
const page = (entries: LogEntry[], total: number, last_id: number): LogPage => ({
  entries,
  total,
  limit: 100,
  offset: 0,
  levels: { INFO: total },
  last_id,
});

test('the newest entry stands last, however the pages come', () => {
  const loaded = withOlder(newest(page([entry(4), entry(3)], 4, 4)), page([entry(3), entry(2), entry(1)], 4, 4));
  expect(loaded.entries.map(({ id }) => id)).toEqual([1, 2, 3, 4]);
  expect(loaded.total).toBe(4);
});

test('what arrives is counted on top, once', () => {
  const loaded = withNewer(newest(page([entry(1)], 1, 1)), page([entry(3), entry(2)], 2, 3));
  expect(loaded).toMatchObject({ total: 3, lastId: 3, levels: { INFO: 3, ERROR: 0 } });
  expect(withNewer(loaded, page([], 0, 3))).toBe(loaded);
});

test('hits are found in whatever case and shown as they are written', () => {
  expect(hitsIn('Error: an ERROR', 'error')).toEqual(['', 'Error', ': an ', 'ERROR', '']);
  expect(hitsIn('İstanbul İ', 'x')).toEqual(['İstanbul İ']);
  expect(hitsOf([entry(1, 'a b a'), entry(2, 'b'), entry(3, 'a')], 'a')).toEqual([
    { row: 0, nth: 0 },
    { row: 0, nth: 1 },
    { row: 2, nth: 0 },
  ]);
  expect(hitsOf([entry(1, 'a')], ' ')).toEqual([]);
});
