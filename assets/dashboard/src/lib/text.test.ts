// Formats, messages and CSV: what people and spreadsheets read.
import { expect, test } from 'vitest';
import { toCsv } from './csv';
import { formatBytes, formatDuration, formatPercent, MISSING } from './format';
import { messages, pseudo } from './messages';
import { formatAbsolute, formatRelative } from './time';
import { changedParams } from './viewParams';

test('missing figures are a dash, never zero', () => {
  expect(formatPercent(null)).toBe(MISSING);
  expect(formatBytes(undefined)).toBe(MISSING);
  expect(formatDuration(null)).toBe(MISSING);
});

test('bytes use binary units', () => {
  expect(formatBytes(0)).toBe('0 B');
  expect(formatBytes(1536)).toBe('1.5 KiB');
});

test('durations have two units at most', () => {
  expect(formatDuration(93_784)).toBe('1 d 2 h');
  expect(formatDuration(60)).toBe('1 min');
});

test('messages choose the plural form and group from five digits on', () => {
  const t = messages({ apply: { one: 'Apply {n} update', other: 'Apply {n} updates' } });
  expect(t('apply', { n: 1 })).toBe('Apply 1 update');
  expect(t('apply', { n: 1000 })).toBe('Apply 1000 updates');
  expect(t('apply', { n: 12_345 })).toBe('Apply 12,345 updates');
});

test('the pseudo-locale keeps every message recognisable and longer', () => {
  expect(pseudo('Save')).toMatch(/^\[Šávé~+\]$/);
});

test('absolute times name their zone', () => {
  expect(formatAbsolute(Date.parse('2026-11-20T14:02:11Z'), 'UTC')).toBe('2026-11-20 14:02:11 UTC');
});

test('relative times take the largest unit, and a clock a little ahead is now', () => {
  const now = Date.parse('2026-11-20T14:00:00Z');
  expect(formatRelative(now - 3 * 60_000, now)).toBe('3 min. ago');
  expect(formatRelative(now + 2000, now)).toBe('now');
});

test('a cell that a spreadsheet would run gets a quote', () => {
  expect(toCsv(['a', 'b'], [['=1+1', 'x,"y"']])).toBe('a,b\r\n\'=1+1,"x,""y"""\r\n');
});

test('the URL leaves empty values out and repeats a key for several', () => {
  const params = changedParams(new URLSearchParams('q=old&status=online'), { q: '', status: ['slow', 'error'] });
  expect(params.toString()).toBe('status=slow&status=error');
});
