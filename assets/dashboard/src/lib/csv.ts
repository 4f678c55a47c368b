// CSV as spreadsheets write and read it. They run cells that begin like a
// formula, so those get a quote.

export type Cell = string | number | null | undefined;

export function toCsv(header: string[], rows: Cell[][]): string {
  return [header, ...rows].map((row) => row.map(cell).join(',')).join('\r\n') + '\r\n';
}

function cell(value: Cell): string {
  if (value === null || value === undefined) return '';
  if (typeof value === 'number') return String(value);
  const safe = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** Hands a text to the browser as a download. */
export function download(fileName: string, mediaType: string, text: string): void {
  const address = URL.createObjectURL(new Blob([text], { type: mediaType }));
  const link = document.createElement('a');
  link.href = address;
  link.download = fileName;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}

export class CsvError extends Error {
  constructor(readonly line: number) {
    super(`the quote that begins in line ${line} does not end`);
  }
}

/** A row of cells, and the number that a spreadsheet shows for it. */
export interface CsvRow {
  number: number;
  cells: string[];
}

const SEPARATORS = [',', ';', '\t'];

/** The separator is the one that the first line has most of. */
function separatorOf(text: string): string {
  const head = text.slice(0, text.search(/[\r\n]|$/));
  const count = (separator: string) => head.split(separator).length;
  return SEPARATORS.reduce((best, each) => (count(each) > count(best) ? each : best));
}

/** Reads cells as they are: quoted or not, with any line ends. Rows without content are left out, and counted. */
export function parseCsv(text: string): CsvRow[] {
  const separator = separatorOf(text);
  const rows: CsvRow[] = [];
  let cells: string[] = [];
  let number = 0;
  let at = 0;
  const endRow = () => {
    number += 1;
    if (cells.some((each) => each.trim() !== '')) rows.push({ number, cells });
    cells = [];
  };
  while (at < text.length) {
    const [value, next] = text[at] === '"' ? quoted(text, at, separator) : plain(text, at, separator);
    cells.push(value);
    at = next;
    if (text[at] === separator) {
      at += 1;
      if (at === text.length) cells.push('');
      continue;
    }
    at += text[at] === '\r' && text[at + 1] === '\n' ? 2 : 1;
    endRow();
  }
  if (cells.length > 0) endRow();
  return rows;
}

function plain(text: string, from: number, separator: string): [string, number] {
  let end = from;
  while (end < text.length && text[end] !== separator && text[end] !== '\n' && text[end] !== '\r') end += 1;
  return [text.slice(from, end), end];
}

function quoted(text: string, from: number, separator: string): [string, number] {
  let value = '';
  let at = from + 1;
  for (;;) {
    const end = text.indexOf('"', at);
    if (end === -1) throw new CsvError(text.slice(0, from).split(/\r\n|\r|\n/).length);
    value += text.slice(at, end);
    if (text[end + 1] !== '"') {
      at = end + 1;
      break;
    }
    value += '"';
    at = end + 2;
  }
  // What follows the quote up to the next separator belongs to the cell, as spreadsheets read it.
  const [rest, next] = plain(text, at, separator);
  return [value + rest, next];
}
