// A database's log is read like an agent's.
import { expect, test } from 'vitest';
import { entriesOf, matching } from './database';

const AT = '2026-11-20T10:00:00.000Z';
const document = (seq: number, entries: unknown) => ({
  seq,
  type: 'pg_log',
  timestamp: AT,
  received_at: AT,
  document: { entries } as never,
});

const entries = entriesOf([
  document(2, [
    { timestamp: '2026-11-20T10:00:02Z', level: 'FATAL', message: 'too many clients' },
    { timestamp: '', level: 'LOG', message: 'checkpoint starting' },
  ]),
  document(1, [{ timestamp: '2026-11-20T10:00:01Z', level: 'ERROR', message: 'duplicate key' }]),
  document(3, 'not a list'),
]);

test('entries of all documents stand in the order of their times, with four levels', () => {
  expect(entries.map(({ level, message }) => [level, message])).toEqual([
    ['INFO', 'LOG:  checkpoint starting'],
    ['ERROR', 'duplicate key'],
    ['ERROR', 'FATAL:  too many clients'],
  ]);
  expect(entries[0]?.timestamp).toBe(AT);
  expect(new Set(entries.map(({ id }) => id)).size).toBe(3);
});

test('the boxes count what the search finds, and hide what is not ticked', () => {
  expect(matching(entries, [], '').levels).toEqual({ DEBUG: 0, INFO: 1, WARNING: 0, ERROR: 2 });
  const found = matching(entries, ['INFO'], 'CLIENTS');
  expect(found.entries).toEqual([]);
  expect(found.levels.ERROR).toBe(1);
});
