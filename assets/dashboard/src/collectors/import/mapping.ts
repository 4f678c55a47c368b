// Which column holds which field: guessed from the names, chosen by people,
// and then used to make what the API takes.
import { LABELS, type Values as FormValues } from '../register/form';
import type { Sheet, SheetRow } from './sheet';

export type ImportField = keyof FormValues;

/** In the order in which they are asked for; names that other programs use for them. */
const SYNONYMS: Record<ImportField, string[]> = {
  name: ['name', 'collector', 'collectorname', 'instance', 'instancename', 'servername', 'alias'],
  host: ['host', 'hostname', 'server', 'address', 'ip', 'ipaddress', 'endpoint', 'fqdn'],
  port: ['port', 'dbport'],
  database: ['database', 'databasename', 'db', 'dbname', 'catalog'],
  username: ['username', 'user', 'login', 'role', 'dbuser'],
  password: ['password', 'pass', 'passwd', 'pw', 'secret', 'dbpassword'],
  environment: ['environment', 'env', 'stage', 'tier'],
  type: ['type', 'engine', 'databasetype', 'dbtype'],
  group: ['group', 'groupname', 'team'],
  description: ['description', 'comment', 'notes'],
  ssl_mode: ['sslmode', 'ssl', 'tls'],
  ssl_certificate: ['sslcertificate', 'certificate', 'cacertificate', 'sslrootcert'],
  collection_interval: ['collectioninterval', 'collectionintervalseconds', 'interval', 'intervalseconds'],
  query_limit: ['querylimit', 'limit'],
  tags: ['tags', 'tag', 'labels'],
};

export const FIELDS = Object.keys(SYNONYMS) as ImportField[];
export const REQUIRED: ReadonlySet<ImportField> = new Set(['name', 'host', 'database', 'username', 'password'] as const);
/** What holds for every row when no column is chosen. */
export const DEFAULTS: Partial<Record<ImportField, string | number>> = { port: 5432, environment: 'production' };
const NUMBERS: ReadonlySet<ImportField> = new Set(['port', 'collection_interval', 'query_limit'] as const);

export function fieldLabel(field: ImportField): string {
  return LABELS[field];
}

/** The place of the column for each field, or null. */
export type Mapping = Record<ImportField, number | null>;

const bare = (name: string) => name.toLowerCase().replace(/[^a-z0-9]/g, '');

export function guess(columns: string[]): Mapping {
  const names = [...columns.map(bare)];
  const taken = new Set<number>();
  const find = (field: ImportField): number | null => {
    for (const synonym of [bare(field), bare(fieldLabel(field)), ...SYNONYMS[field]]) {
      const place = names.findIndex((name, index) => name === synonym && !taken.has(index));
      if (place === -1) continue;
      taken.add(place);
      return place;
    }
    return null;
  };
  return Object.fromEntries(FIELDS.map((field) => [field, find(field)])) as Mapping;
}

export type MappingFault = { kind: 'missing' } | { kind: 'twice'; other: ImportField };

export function mappingFaults(mapping: Mapping): Map<ImportField, MappingFault> {
  const faults = new Map<ImportField, MappingFault>();
  const users = new Map<number, ImportField>();
  for (const field of FIELDS) {
    const place = mapping[field];
    if (place === null) {
      if (REQUIRED.has(field)) faults.set(field, { kind: 'missing' });
      continue;
    }
    const other = users.get(place);
    if (other) faults.set(field, { kind: 'twice', other });
    else users.set(place, field);
  }
  return faults;
}

export function unusedColumns(columns: string[], mapping: Mapping): string[] {
  const used = new Set(Object.values(mapping));
  return columns.filter((name, index) => name !== '' && !used.has(index));
}

/** One row as the API takes it; empty cells say nothing. */
export function collectorOf({ values }: SheetRow, mapping: Mapping): Record<string, unknown> {
  const members: Record<string, unknown> = {};
  for (const field of FIELDS) {
    const place = mapping[field];
    const value = place === null ? DEFAULTS[field] : values[place];
    if (value === undefined || value === null || value === '') continue;
    members[field] = converted(field, value);
  }
  return members;
}

function converted(field: ImportField, value: unknown): unknown {
  if (typeof value !== 'string') return value;
  // White space belongs to a password, and to nothing else.
  if (field === 'password') return value;
  const text = value.trim();
  // What is no number stays as it is, for the server to name it.
  if (NUMBERS.has(field)) return /^\d+$/.test(text) ? Number(text) : text;
  if (field === 'tags')
    return text
      .split(/[,;|]/)
      .map((tag) => tag.trim())
      .filter(Boolean);
  return text;
}

/** The text of a field, for people; never asked for the password. */
export function textOf(row: SheetRow, mapping: Mapping, field: 'name' | 'host'): string {
  const place = mapping[field];
  const value = place === null ? undefined : row.values[place];
  return value === undefined || value === null ? '' : String(value).trim();
}

export function readable(sheet: Sheet): SheetRow[] {
  return sheet.rows.filter(({ fault }) => fault === undefined);
}
