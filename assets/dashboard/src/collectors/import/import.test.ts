// From a file to what the API takes, and back to the rows of the file.
import { expect, test } from 'vitest';
import type { ImportReply } from '../../api/types';
import { collectorOf, guess, mappingFaults, unusedColumns } from './mapping';
import { collectorsOf, outcomes } from './rows';
import { readSheet, SheetError } from './sheet';

const CSV = 'name,host,port,database,username,password,env\norders,db1,5432,app,watcher, s3cret ,production\n';

test('the columns of the template are found without help', () => {
  const mapping = guess(['name', 'host', 'port', 'database', 'username', 'password', 'env']);
  expect(mapping).toMatchObject({ name: 0, host: 1, port: 2, database: 3, username: 4, password: 5, environment: 6, tags: null });
  expect(mappingFaults(mapping).size).toBe(0);
});

test('other programs name their columns otherwise', () => {
  const columns = ['DB Name', 'Server', 'User', 'Instance Name', 'Pass', 'Owner'];
  const mapping = guess(columns);
  expect(mapping).toMatchObject({ database: 0, host: 1, username: 2, name: 3, password: 4 });
  expect(mappingFaults(mapping).size).toBe(0);
  expect([...mappingFaults(guess(['host', 'port'])).keys()]).toEqual(['name', 'database', 'username', 'password']);
  expect(unusedColumns(columns, mapping)).toEqual(['Owner']);
});

test('one column for two fields is told at the second', () => {
  const mapping = { ...guess(['name', 'host', 'port', 'database', 'username', 'password', 'env']), host: 0 };
  expect(mappingFaults(mapping).get('host')).toEqual({ kind: 'twice', other: 'name' });
});

test('numbers are numbers, tags a list, and a password is kept as it is', () => {
  const sheet = readSheet('name,port,password,tags\norders, 5432 , a b ,"eu; gold"');
  expect(collectorOf(sheet.rows[0]!, guess(sheet.columns))).toEqual({
    name: 'orders',
    port: 5432,
    password: ' a b ',
    tags: ['eu', 'gold'],
    environment: 'production',
  });
});

test('without a column for it every row has the usual port; an empty cell is told', () => {
  const named = readSheet('name,host\na,h');
  expect(collectorOf(named.rows[0]!, guess(named.columns))).toMatchObject({ port: 5432 });
  const empty = readSheet('name,port\na,');
  expect(collectorOf(empty.rows[0]!, guess(empty.columns))).not.toHaveProperty('port');
});

test('a port that is no number is sent as it stands, for the server to name it', () => {
  const sheet = readSheet('name,port\norders,54x2');
  expect(collectorOf(sheet.rows[0]!, guess(sheet.columns))).toMatchObject({ port: '54x2' });
});

test('JSON comes as a list or as the body of the API', () => {
  const list = '[{"name": "a", "port": 5432}, {"name": "b", "tags": ["x"]}]';
  for (const text of [list, `{"collectors": ${list}}`]) {
    const sheet = readSheet(text);
    expect(sheet.columns).toEqual(['name', 'port', 'tags']);
    expect(collectorsOf(sheet, guess(sheet.columns))).toEqual([
      { name: 'a', port: 5432, environment: 'production' },
      { name: 'b', tags: ['x'], environment: 'production' },
    ]);
  }
});

test.each(['', '{"a": 1}', '[1', '[]', 'name,host', '"name\n1,2'])('%j is refused as a whole', (text) => {
  expect(() => readSheet(text)).toThrow(SheetError);
});

test('a row with too many cells is not sent, and the others keep their numbers', () => {
  const sheet = readSheet('name,host\na,h1\nb,h2,x\n\nc,h3');
  const mapping = guess(sheet.columns);
  expect(collectorsOf(sheet, mapping)).toHaveLength(2);
  const reply = {
    results: [
      { row: 1, name: 'a', status: 'success' },
      { row: 2, name: 'c', status: 'error', error: 'taken', field: 'name' },
    ],
  } as unknown as ImportReply;
  expect(outcomes(sheet, mapping, reply).map(({ number, name, status, problem }) => [number, name, status, problem])).toEqual([
    [2, 'a', 'success', ''],
    [3, 'b', 'error', 'has 3 cells where the header names 2'],
    [5, 'c', 'error', 'taken'],
  ]);
});

test('the row that another one repeats is told by its number in the file', () => {
  const sheet = readSheet('name,host\n\na,h\na,h');
  const reply = {
    results: [
      { row: 1, name: 'a', status: 'success' },
      { row: 2, name: 'a', status: 'exists', error: 'row 1 has this name, host, port and database already' },
    ],
  } as unknown as ImportReply;
  expect(outcomes(sheet, guess(sheet.columns), reply)[1]?.problem).toBe('row 3 has this name, host, port and database already');
});

test('a member called __proto__ is a column like any other', () => {
  const sheet = readSheet('[{"name": "a", "__proto__": {"port": 1}}]');
  expect(sheet.columns).toContain('__proto__');
  expect(collectorOf(sheet.rows[0]!, guess(sheet.columns))).toEqual({ name: 'a', port: 5432, environment: 'production' });
});

test('the template of the page reads as one row', () => {
  const sheet = readSheet(CSV);
  expect(sheet.rows).toHaveLength(1);
  expect(sheet.rows[0]).toMatchObject({ number: 2 });
});
