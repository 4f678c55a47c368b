import { expect, test } from 'vitest';
import { confirmText, DEFAULTS, suggestedStart, wishOf } from './operate';

const NOW = Date.parse('2026-11-20T14:20:00Z');

test('what starts now has no time, and an empty reason is no reason', () => {
  expect(wishOf('restart', ['a', 'b'], { ...DEFAULTS, startAt: 'now+1h', reason: '  ' }, NOW)).toEqual({
    action: 'restart',
    collector_ids: ['a', 'b'],
  });
});

test('a later start is sent as a moment', () => {
  const values = { ...DEFAULTS, when: 'later' as const, startAt: '2026-11-20 16:00:00 UTC' };
  expect(wishOf('stop', ['a'], { ...values, duration: '30' }, NOW)).toMatchObject({
    schedule_at: '2026-11-20T16:00:00.000Z',
    params: { estimated_duration_minutes: 30 },
  });
});

test('unregistering carries how long metrics are kept, and what was typed', () => {
  const confirm = confirmText(2);
  expect(confirm).toBe('unregister 2');
  expect(wishOf('unregister', ['a', 'b'], { ...DEFAULTS, reason: 'Other', confirm }, NOW)).toEqual({
    action: 'unregister',
    collector_ids: ['a', 'b'],
    reason: 'Other',
    params: { archive_metrics: true, retention_days: 90 },
    confirm,
  });
  const deleted = wishOf('unregister', ['a'], { ...DEFAULTS, keep: 'delete' }, NOW);
  expect(deleted.params).toEqual({ archive_metrics: false });
});

test('the suggested start is a full hour, at least one hour ahead', () => {
  expect(suggestedStart(NOW)).toBe('2026-11-20 16:00:00 UTC');
});
