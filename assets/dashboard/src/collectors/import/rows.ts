// What became of each row of the file: the server's word, or why it was not
// even sent.
import type { ImportReply } from '../../api/types';
import { collectorOf, readable, textOf, type Mapping } from './mapping';
import type { Sheet } from './sheet';

export interface RowOutcome {
  number: number;
  name: string;
  host: string;
  status: 'success' | 'error' | 'exists';
  problem: string;
  /** The field at fault, where one is. */
  field: string;
  collectorId?: string;
  token?: string;
  certificate?: string;
  privateKey?: string;
}

/** What is sent: the rows that could be taken apart, in their order. */
export function collectorsOf(sheet: Sheet, mapping: Mapping): Record<string, unknown>[] {
  return readable(sheet).map((row) => collectorOf(row, mapping));
}

export function outcomes(sheet: Sheet, mapping: Mapping, reply: ImportReply): RowOutcome[] {
  const answered = new Map(reply.results.map((result) => [result.row, result]));
  const numbers = readable(sheet).map(({ number }) => number);
  // The server counts what it was sent; people count the rows of their file.
  const inFile = (text: string) => text.replace(/^row (\d+)\b/, (whole, sent) => `row ${numbers[Number(sent) - 1] ?? whole}`);
  let sent = 0;
  return sheet.rows.map((row) => {
    const known = { number: row.number, name: textOf(row, mapping, 'name'), host: textOf(row, mapping, 'host') };
    if (row.fault !== undefined) return { ...known, status: 'error', problem: row.fault, field: '' };
    sent += 1;
    const result = answered.get(sent);
    return {
      ...known,
      status: result?.status ?? 'error',
      problem: inFile(result?.error ?? ''),
      field: result?.field ?? '',
      ...(result?.collector_id ? { collectorId: result.collector_id } : {}),
      ...(result?.jwt_token ? { token: result.jwt_token } : {}),
      ...(result?.certificate ? { certificate: result.certificate } : {}),
      ...(result?.private_key ? { privateKey: result.private_key } : {}),
    };
  });
}

export function countOf(rows: RowOutcome[], status: RowOutcome['status']): number {
  return rows.reduce((sum, row) => sum + (row.status === status ? 1 : 0), 0);
}
