import { expect, test } from 'vitest';
import type { ConfigVersion } from '../../../api/types';
import { changesOf } from './history';

const version = (number: number, config: object) =>
  ({ version: number, config, created_at: '', created_by: 'ada' }) as unknown as ConfigVersion;

test('a version is told by what differs from the one before', () => {
  const versions = [version(2, { interval: 15, tags: ['eu', 'gold'], limit: 100 }), version(1, { interval: 10, tags: ['eu'], limit: 100 })];
  expect(changesOf(versions, versions[0]!)).toEqual([
    { field: 'interval', before: '10', after: '15' },
    { field: 'tags', before: 'eu', after: 'eu, gold' },
  ]);
  expect(changesOf(versions, versions[1]!)).toEqual([]);
});
