// CSV from other programs, and CSV for them.
import { expect, test } from 'vitest';
import { CsvError, parseCsv, toCsv } from './csv';

const cells = (text: string) => parseCsv(text).map((row) => row.cells);

test('quotes keep separators, quotes and line breaks', () => {
  expect(cells('a,b\r\n"x, y","say ""no""\nnow"\r\n')).toEqual([
    ['a', 'b'],
    ['x, y', 'say "no"\nnow'],
  ]);
});

test.each([';', '\t', ','])('the separator %j is found by itself', (separator) => {
  expect(cells(['a', 'b', 'c'].join(separator) + '\n' + ['1', '2', '3'].join(separator))).toEqual([
    ['a', 'b', 'c'],
    ['1', '2', '3'],
  ]);
});

test('a line without content counts as a row and is left out', () => {
  expect(parseCsv('a,b\n\n1,2\n,\n3,4')).toEqual([
    { number: 1, cells: ['a', 'b'] },
    { number: 3, cells: ['1', '2'] },
    { number: 5, cells: ['3', '4'] },
  ]);
});

test('another separator behind a quote is no end of a row', () => {
  expect(cells('a,b\n"x";y,z')).toEqual([
    ['a', 'b'],
    ['x;y', 'z'],
  ]);
});

test('empty cells at either end are cells', () => {
  expect(cells('a,b,c\n,x,')).toEqual([
    ['a', 'b', 'c'],
    ['', 'x', ''],
  ]);
});

test('a quote that does not end is told with its line', () => {
  expect(() => parseCsv('a,b\n1,"2\n3,4')).toThrow(CsvError);
  expect(() => parseCsv('a,b\n1,"2\n3,4')).toThrow('line 2');
});

test('what was written is read back', () => {
  const rows = [
    ['x', 'a "quoted", cell', 'two\nlines'],
    ['', ' kept ', 'z'],
  ];
  expect(cells(toCsv(['1', '2', '3'], rows)).slice(1)).toEqual(rows);
});
