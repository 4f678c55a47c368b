// What a range of time cost, from counters that only ever rise and are sometimes reset.
import { expect, test } from 'vitest';
import type { Series } from '../../../api/types';
import { CALLS, growthOf, matchingStatements, sortedStatements, statementKey, statementsOf, TOTAL_TIME, trendOf } from './statements';

const series = (name: string, hash: string, points: [number, number | null][]): Series => ({
  name,
  labels: { database: 'app', hash },
  points,
});

test('what was counted before the range does not count', () => {
  expect(
    growthOf([
      [0, 1000],
      [10, 1004],
      [20, null],
      [30, 1010],
    ]).total,
  ).toBe(10);
});

test('one look at a counter says nothing', () => {
  expect(growthOf([[0, 1000]]).total).toBeNull();
  expect(growthOf([[0, null]]).total).toBeNull();
});

test('a counter that was reset counts from zero again, and says so', () => {
  expect(
    growthOf([
      [0, 100],
      [10, 110],
      [20, 7],
    ]),
  ).toMatchObject({ total: 17, wasReset: true });
});

test('a trend keeps the silence apart from no rise', () => {
  const trend = trendOf(
    growthOf([
      [0, 5],
      [1, 5],
      [23, 9],
    ]),
    0,
    24,
  );
  expect(trend[1]).toBe(0);
  expect(trend[2]).toBeNull();
  expect(trend[23]).toBe(4);
});

test('a statement that did not run in the range is left out, one that is not known is kept', () => {
  const found = statementsOf(
    [
      series(CALLS, '1', [
        [0, 5],
        [10, 5],
      ]),
      series(CALLS, '2', [[10, 5]]),
      series(CALLS, '3', [
        [0, 1],
        [10, 3],
      ]),
    ],
    new Map(),
    0,
    10,
  );
  expect(found.map(({ hash }) => hash)).toEqual(['2', '3']);
});

test('mean and load come from what rose in the range', () => {
  const found = statementsOf(
    [
      series(CALLS, '1', [
        [0, 100],
        [10, 104],
      ]),
      series(TOTAL_TIME, '1', [
        [0, 5000],
        [10, 5030],
      ]),
      series(CALLS, '2', [
        [0, 1],
        [10, 2],
      ]),
      series(TOTAL_TIME, '2', [
        [0, 0],
        [10, 10],
      ]),
    ],
    new Map(),
    0,
    10,
  );
  expect(found[0]).toMatchObject({ calls: 4, totalMs: 30, meanMs: 7.5, load: 75 });
  expect(sortedStatements(found, 'mean').map(({ hash }) => hash)).toEqual(['2', '1']);
});

test('the text of a document is found by a hash that a double does not hold exactly', () => {
  const text = new Map([[statementKey('app', String(JSON.parse('-4048067952264041087'))), 'SELECT 1']]);
  const found = statementsOf([series(CALLS, '-4048067952264041087', [[0, 1]])], text, 0, 10);
  expect(found[0]?.text).toBe('SELECT 1');
  expect(matchingStatements(found, 'select APP')).toHaveLength(1);
  expect(matchingStatements(found, 'select other')).toHaveLength(0);
});
