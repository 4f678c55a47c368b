// What a changed configuration sends, and how it reads before it is sent.
import { expect, test } from 'vitest';
import type { Group } from '../../../api/types';
import { changeOf, differences, schema, type Checked } from './form';

const before: Checked = { collection_interval: 60, query_limit: 100, group_id: '', tags: ['eu', 'orders'] };
const groups = [{ id: 'grp_1', name: 'Staging' }] as Group[];

test('only what differs is sent', () => {
  expect(changeOf(before, { ...before, collection_interval: 30 })).toEqual({ collection_interval: 30 });
  expect(changeOf(before, before)).toEqual({});
});

test('tags in another order are the same tags', () => {
  expect(changeOf(before, { ...before, tags: ['orders', 'eu'] })).toEqual({});
});

test('taking a collector out of its group is said and sent', () => {
  const grouped = { ...before, group_id: 'grp_1' };
  expect(changeOf(grouped, before)).toEqual({ group_id: '' });
  expect(differences(grouped, { ...before, tags: [] }, groups)).toMatchObject([
    { field: 'Group', before: 'Staging', after: 'No group' },
    { field: 'Tags', before: 'eu, orders', after: 'None' },
  ]);
});

test.each(['9', '3601', '1.5', '', 'soon'])('an interval of %j is refused', (collection_interval) => {
  expect(schema.safeParse({ ...before, collection_interval }).success).toBe(false);
});
