import { expect, test } from 'vitest';
import { visibleWindow } from './windowing';

test('up to a hundred rows are all in the document', () => {
  expect(visibleWindow(0, 600, 36, 100)).toEqual({ first: 0, end: 100 });
});

test('a long list keeps the rows around the viewport', () => {
  const { first, end } = visibleWindow(18_000, 600, 36, 1000);
  expect(first).toBeLessThanOrEqual(500);
  expect(end).toBeGreaterThanOrEqual(500 + 17);
  expect(end - first).toBeLessThan(60);
});

test('the end of the list is reached, and not passed', () => {
  expect(visibleWindow(36_000, 600, 36, 1000).end).toBe(1000);
});

test('the window starts at the first row, also when the browser overscrolls', () => {
  expect(visibleWindow(-50, 600, 36, 1000).first).toBe(0);
});
