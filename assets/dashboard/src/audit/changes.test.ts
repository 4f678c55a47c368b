import { expect, test } from 'vitest';
import { fieldChanges } from './changes';

test('only what changed is shown, old beside new', () => {
  const changes = fieldChanges({ old_values: { port: 5432, host: 'a' }, new_values: { port: 5433, host: 'a' } });
  expect(changes).toEqual([{ field: 'port', before: '5432', after: '5433' }]);
});

test('a changed secret is shown although both sides say the same', () => {
  expect(fieldChanges({ old_values: { password: 'changed' }, new_values: { password: 'changed' } })).toHaveLength(1);
});
