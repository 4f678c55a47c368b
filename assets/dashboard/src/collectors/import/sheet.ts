// A file or a pasted text as rows under named columns, be it CSV or JSON.
import { CsvError, parseCsv } from '../../lib/csv';
import { t } from './strings';

export interface SheetRow {
  /** As the file shows it: in CSV the header is row 1, in JSON the first collector is. */
  number: number;
  values: unknown[];
  /** Why the row cannot be taken apart. */
  fault?: string;
}

export interface Sheet {
  columns: string[];
  rows: SheetRow[];
}

/** What is wrong with the whole file, in words for people. */
export class SheetError extends Error {}

export const MOST_ROWS = 10_000;

export function readSheet(text: string): Sheet {
  const trimmed = text.replace(/^\uFEFF/, '').trim();
  if (trimmed === '') throw new SheetError(t('nothing'));
  const sheet = /^[[{]/.test(trimmed) ? fromJson(trimmed) : fromCsv(trimmed);
  if (sheet.rows.length > MOST_ROWS) throw new SheetError(t('tooMany', { most: MOST_ROWS, n: sheet.rows.length }));
  return sheet;
}

function fromCsv(text: string): Sheet {
  const [header, ...rows] = csvRows(text);
  if (!header || rows.length === 0) throw new SheetError(t('noHeader'));
  const columns = header.cells.map((cell) => cell.trim());
  return {
    columns,
    rows: rows.map(({ number, cells }) => {
      // A separator that was not quoted moves every cell behind it into the wrong column.
      const fault = cells.length > columns.length ? t('tooManyCells', { n: cells.length, columns: columns.length }) : undefined;
      return { number, values: cells, ...(fault ? { fault } : {}) };
    }),
  };
}

function csvRows(text: string) {
  try {
    return parseCsv(text);
  } catch (error) {
    throw new SheetError(error instanceof CsvError ? t('openQuote', { line: error.line }) : t('badJson'));
  }
}

function fromJson(text: string): Sheet {
  const list = listOf(parsed(text));
  if (list.length === 0) throw new SheetError(t('noRows'));
  const isObject = (each: unknown): each is Record<string, unknown> => typeof each === 'object' && each !== null && !Array.isArray(each);
  const columns = [...new Set(list.filter(isObject).flatMap((each) => Object.keys(each)))];
  return {
    columns,
    rows: list.map((each, index) =>
      isObject(each)
        ? { number: index + 1, values: columns.map((column) => (Object.hasOwn(each, column) ? each[column] : undefined)) }
        : { number: index + 1, values: [], fault: t('notAnObject') },
    ),
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new SheetError(t('badJson'));
  }
}

function listOf(json: unknown): unknown[] {
  const list = Array.isArray(json) ? json : (json as { collectors?: unknown } | null)?.collectors;
  if (!Array.isArray(list)) throw new SheetError(t('badJson'));
  return list;
}
