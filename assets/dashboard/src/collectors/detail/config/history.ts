// What each version of a configuration changed.
import type { ConfigVersion } from '../../../api/types';

export interface FieldChange {
  field: string;
  before: string;
  after: string;
}

function text(value: unknown): string {
  if (value === null || value === undefined) return '';
  if (Array.isArray(value)) return value.map(text).join(', ');
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

/** The fields in which a version differs from the one before it; none for the oldest that is kept. */
export function changesOf(versions: readonly ConfigVersion[], version: ConfigVersion): FieldChange[] {
  const before = versions[versions.indexOf(version) + 1];
  if (!before) return [];
  const [old, now] = [before.config as Record<string, unknown> | null, version.config as Record<string, unknown> | null];
  const fields = new Set([...Object.keys(old ?? {}), ...Object.keys(now ?? {})]);
  return [...fields]
    .map((field) => ({ field, before: text(old?.[field]), after: text(now?.[field]) }))
    .filter((change) => change.before !== change.after);
}
