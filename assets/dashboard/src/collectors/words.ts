import type { Collector, CollectorType, Environment, SslMode } from '../api/types';
import { t } from './strings';

export const ENVIRONMENTS: { value: Environment; label: string }[] = [
  { value: 'development', label: t('development') },
  { value: 'staging', label: t('staging') },
  { value: 'production', label: t('production') },
];

export function environmentLabel(environment: Environment): string {
  return ENVIRONMENTS.find(({ value }) => value === environment)?.label ?? environment;
}

// Product names and the names that PostgreSQL gives are the same in every language.
export const TYPES: { value: CollectorType; label: string }[] = [
  { value: 'postgresql', label: 'PostgreSQL' },
  { value: 'mysql', label: 'MySQL' },
  { value: 'mongodb', label: 'MongoDB' },
  { value: 'oracle', label: 'Oracle' },
];

export const SSL_MODES: { value: SslMode; label: string }[] = [
  { value: 'disable', label: 'Disable' },
  { value: 'allow', label: 'Allow' },
  { value: 'prefer', label: 'Prefer' },
  { value: 'require', label: 'Require' },
  { value: 'requireCA', label: 'Require (CA certificate)' },
  { value: 'requireFull', label: 'Require (full verification)' },
];

export function address(collector: Pick<Collector, 'host' | 'port' | 'database'>): string {
  const host = collector.host.includes(':') ? `[${collector.host}]` : collector.host;
  return `${host}:${collector.port}/${collector.database}`;
}
