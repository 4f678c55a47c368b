// The fields that an entry changed, old beside new.
import type { AuditEntry } from '../api/types';

export interface FieldChange {
  field: string;
  before: string;
  after: string;
}

export function fieldChanges({ old_values, new_values }: Pick<AuditEntry, 'old_values' | 'new_values'>): FieldChange[] {
  const fields = [...new Set([...Object.keys(old_values ?? {}), ...Object.keys(new_values ?? {})])].sort();
  return fields
    .map((field) => ({ field, before: written(old_values?.[field]), after: written(new_values?.[field]) }))
    .filter(({ field, before, after }) => before !== after || old_values?.[field] === 'changed');
}

function written(value: unknown): string {
  if (value === null || value === undefined) return '';
  return typeof value === 'string' ? value : JSON.stringify(value);
}
