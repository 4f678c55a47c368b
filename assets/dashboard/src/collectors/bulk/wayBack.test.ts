import { expect, test } from 'vitest';
import type { Collector } from '../../api/types';
import { groupBack, tagsBack } from './wayBack';

test('a tag leaves those that did not have it, and returns to those that had', () => {
  const fleet = [
    { id: 'a', tags: ['eu'] },
    { id: 'b', tags: ['gold'] },
    { id: 'c', tags: ['eu'] },
    { id: 'd', tags: ['eu', 'gold'] },
  ];
  expect(tagsBack(fleet, ['gold'], ['eu'])).toEqual([
    { action: 'update-tags', params: { add: ['eu'], remove: ['gold'] }, collector_ids: ['a', 'c'] },
    { action: 'update-tags', params: { add: ['eu'], remove: [] }, collector_ids: ['d'] },
  ]);
});

test('each collector returns to the group that it had, or to none', () => {
  const group = (id: string) => ({ id }) as Collector['group'];
  const fleet = [
    { id: 'a', group: group('staging') },
    { id: 'b', group: null },
    { id: 'c', group: group('production') },
  ];
  expect(groupBack(fleet, 'production')).toEqual([
    { action: 'update-group', params: { group_id: 'staging' }, collector_ids: ['a'] },
    { action: 'update-group', params: { group_id: null }, collector_ids: ['b'] },
  ]);
});
