// The form's fields, their rules, and what is sent.
import { z } from 'zod';
import type { ConnectionToTest, NewCollector } from '../../api/types';
import { COLLECTION_RULES, whole } from '../collection';
import { t as words } from '../strings';
import { t } from './strings';

const text = (what: string, most = 255) =>
  z
    .string()
    .trim()
    .min(1, t('required', { what }))
    .max(most, t('tooLong', { n: most }));

export const schema = z.object({
  name: text(t('theName')),
  type: z.enum(['postgresql', 'mysql', 'mongodb', 'oracle']),
  environment: z.enum(['development', 'staging', 'production']),
  group: z.string(),
  description: z
    .string()
    .trim()
    .max(1000, t('tooLong', { n: 1000 })),
  host: text(t('theHost')),
  port: whole(1, 65_535, t('portRange')),
  database: text(t('theDatabase')),
  username: text(t('theUsername')),
  password: z.string().min(1, t('required', { what: t('thePassword') })),
  ssl_mode: z.enum(['disable', 'allow', 'prefer', 'require', 'requireCA', 'requireFull']),
  ssl_certificate: z
    .string()
    .trim()
    .refine((pem) => pem === '' || pem.includes('-----BEGIN CERTIFICATE-----'), t('badCertificate')),
  ...COLLECTION_RULES,
  tags: z.array(z.string()),
});

export type Values = z.input<typeof schema>;
export type Checked = z.output<typeof schema>;

export const CONNECTION_FIELDS = ['type', 'host', 'port', 'database', 'username', 'password', 'ssl_mode', 'ssl_certificate'] as const;

export const DEFAULTS: Values = {
  name: '',
  type: 'postgresql',
  environment: 'production',
  group: '',
  description: '',
  host: '',
  port: '5432',
  database: '',
  username: '',
  password: '',
  ssl_mode: 'prefer',
  ssl_certificate: '',
  collection_interval: '60',
  query_limit: '100',
  tags: [],
};

export function connectionOf(values: Checked): ConnectionToTest {
  const { type, host, port, database, username, password, ssl_mode, ssl_certificate } = values;
  return {
    type,
    host,
    port,
    database,
    username,
    password,
    ssl_mode,
    ...(ssl_certificate ? { ssl_certificate: toBase64(ssl_certificate) } : {}),
  };
}

export function toNewCollector(values: Checked): NewCollector {
  const { name, environment, group, description, collection_interval, query_limit, tags } = values;
  return {
    ...connectionOf(values),
    name,
    environment,
    ...(group ? { group } : {}),
    ...(description ? { description } : {}),
    collection_interval,
    query_limit,
    tags,
    test_connection: values.type === 'postgresql',
  };
}

/** The API takes the PEM file in base64. */
function toBase64(pem: string): string {
  return btoa(String.fromCharCode(...new TextEncoder().encode(pem)));
}

export function isField(name: string): name is keyof Values {
  return name in DEFAULTS;
}

/** The label of a field, for the summary of problems. */
export const LABELS: Record<keyof Values, string> = {
  name: t('name'),
  type: t('type'),
  environment: t('environment'),
  group: t('group'),
  description: t('description'),
  host: t('host'),
  port: t('port'),
  database: t('database'),
  username: t('username'),
  password: t('password'),
  ssl_mode: t('sslMode'),
  ssl_certificate: t('certificate'),
  collection_interval: words('interval'),
  query_limit: words('queryLimit'),
  tags: t('tags'),
};
