import { expect, test } from 'vitest';
import { cutOff, kindOf } from './days';

const day = (percentage: number | null, down_seconds: number | null = 0) => kindOf({ date: '2026-11-20', percentage, down_seconds });

test('a day of which nothing is known is neither up nor down', () => {
  expect(day(null, null)).toBe('unknown');
  expect(day(0, 86_400)).toBe('down');
});

test('a second of absence makes a day partial', () => {
  expect(day(100)).toBe('up');
  expect(day(99.999, 1)).toBe('partial');
  expect(day(100, 1)).toBe('partial');
});

test('nearly always is not always', () => {
  expect(cutOff(99.97)).toBe(99.9);
  expect(cutOff(100)).toBe(100);
});
