import { expect, test } from 'vitest';
import { align, nearest, rate, summarise, withGaps, type Point } from './data';

const every = (times: number[]): Point[] => times.map((time) => [time, time]);

test('a silence becomes a gap, the usual distance does not', () => {
  const points = withGaps(every([0, 10, 20, 30, 90, 100]));
  expect(points.filter(([, value]) => value === null)).toHaveLength(1);
  expect(points[4]).toEqual([40, null]);
});

test('lines that were measured at other times share one axis', () => {
  const { times, values } = align([
    { label: 'a', points: every([0, 10]) },
    { label: 'b', points: every([5, 15]) },
  ]);
  expect(times).toEqual([0, 5, 10, 15]);
  expect(values[0]).toEqual([0, undefined, 10, undefined]);
});

test('a counter that was reset is a gap and not a negative rate', () => {
  expect(
    rate([
      [0, 100],
      [1000, 150],
      [2000, 10],
      [3000, 30],
    ]),
  ).toEqual([
    [1000, 50],
    [2000, null],
    [3000, 20],
  ]);
});

test('a summary leaves gaps out', () => {
  expect(
    summarise([
      [0, 1],
      [1, null],
      [2, 3],
    ]),
  ).toEqual({ latest: 3, least: 1, most: 3, mean: 2 });
  expect(summarise([[0, null]])).toBeNull();
});

test('the nearest time is found on both sides', () => {
  expect(nearest([0, 10, 20], 14)).toBe(1);
  expect(nearest([0, 10, 20], 16)).toBe(2);
  expect(nearest([0, 10, 20], 99)).toBe(2);
});
