import { expect, test } from 'vitest';
import { nextPath } from './nextPath';

test('a path of this site is kept with its query', () => {
  expect(nextPath('/collectors?status=error')).toBe('/collectors?status=error');
});

test.each(['https://evil.example/', '//evil.example/', '/\\evil.example/', 'javascript:alert(1)', '', null])(
  '%s is no path of this site',
  (next) => {
    expect(nextPath(next)).toBe('/');
  },
);
