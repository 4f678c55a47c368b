// What the import gives to take away. Spreadsheets get no formulas.
import { download, toCsv } from '../../lib/csv';
import type { RowOutcome } from './rows';

const TEMPLATE = [
  ['name', 'host', 'port', 'database', 'username', 'password', 'env', 'group', 'tags'],
  ['orders-db-01', 'db1.example.net', '5432', 'orders', 'pganalytics', 'secret', 'production', 'On-Premises', 'eu;orders'],
];

export function templateCsv(): string {
  const [header = [], ...rows] = TEMPLATE;
  return toCsv(header, rows);
}

/** Without passwords and what else the file may hold. */
export function downloadProblems(rows: RowOutcome[]): void {
  const cells = rows.map((row) => [row.number, row.name, row.host, row.field, row.problem]);
  download('import-problems.csv', 'text/csv', toCsv(['row', 'name', 'host', 'field', 'problem'], cells));
}

/** Over TLS an agent needs its certificate too, which is shown this once as well. */
export function downloadTokens(rows: RowOutcome[], authority: string, url: string): void {
  const certified = url.startsWith('https:');
  const header = ['name', 'collector_id', 'jwt_token', 'central_api_url'];
  const cells = rows
    .filter(({ token }) => token !== undefined)
    .map((row) => [row.name, row.collectorId, row.token, url, ...(certified ? [row.certificate, row.privateKey, authority] : [])]);
  download(
    'collector-tokens.csv',
    'text/csv',
    toCsv(certified ? [...header, 'certificate', 'private_key', 'ca_certificate'] : header, cells),
  );
}
