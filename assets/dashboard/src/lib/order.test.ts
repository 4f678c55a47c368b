import { expect, test } from 'vitest';
import { pendingUpdates } from './order';

test('an unchanged order has nothing to apply', () => {
  expect(pendingUpdates(['a', 'b', 'c'], ['a', 'b', 'c'])).toBe(0);
});

test('rows that come and go count once each', () => {
  expect(pendingUpdates(['a', 'b'], ['b', 'c', 'd'])).toBe(3);
});

test('a row that moves counts once, however many it passes', () => {
  expect(pendingUpdates(['a', 'b', 'c', 'd'], ['b', 'c', 'd', 'a'])).toBe(1);
});

test('a reversed list keeps one row and moves the others', () => {
  expect(pendingUpdates(['a', 'b', 'c', 'd'], ['d', 'c', 'b', 'a'])).toBe(3);
});
