// How far an operation is, in words, and what is asked again for what failed.
import { expect, test } from 'vitest';
import type { OperationDetail, OperationResult } from '../../api/types';
import { operationLabel, progressText, retryOf } from './words';

const result = (collector_id: string, status: OperationResult['status']): OperationResult => ({
  collector_id,
  name: collector_id,
  status,
  error: null,
});

const operation = (change: Partial<OperationDetail>): OperationDetail =>
  ({ action: 'restart', params: {}, reason: null, total: 5, done: 3, failed: 1, cancelled: 0, results: [], ...change }) as OperationDetail;

test('what failed and what was taken back is said only when there is some', () => {
  expect(progressText(operation({}))).toBe('3 of 5 done, 1 failed');
  expect(progressText(operation({ done: 5, failed: 0 }))).toBe('5 of 5 done');
  expect(progressText(operation({ done: 0, failed: 0, cancelled: 5 }))).toBe('0 of 5 done, 5 cancelled');
});

test('one collector is not several', () => {
  expect(operationLabel({ action: 'stop', total: 1 })).toBe('Stop 1 collector');
  expect(operationLabel({ action: 'update-tags', total: 12 })).toBe('Edit tags of 12 collectors');
});

test('only what failed or expired is asked again, with the same parameters', () => {
  const results = [result('a', 'completed'), result('b', 'failed'), result('c', 'expired'), result('d', 'cancelled')];
  const asked = operation({ action: 'stop', params: { expires_in_seconds: 60 }, reason: 'disks', results });
  expect(retryOf(asked)).toEqual({ action: 'stop', collector_ids: ['b', 'c'], params: { expires_in_seconds: 60 }, reason: 'disks' });
  expect(retryOf(operation({ results: [result('a', 'completed')] }))).toBeNull();
});

test('unregistering again is confirmed for the smaller number', () => {
  const asked = operation({ action: 'unregister', results: [result('a', 'failed'), result('b', 'completed')] });
  expect(retryOf(asked)).toMatchObject({ confirm: 'unregister 1' });
});
