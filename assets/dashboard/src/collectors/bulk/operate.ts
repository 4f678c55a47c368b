// What a bulk dialog asks for, and what is sent.
import type { BulkWish } from '../../api/types';
import { formatAbsolute } from '../../lib/time';
import { parseTime } from '../../lib/timeRange';

export type Operated = 'restart' | 'stop' | 'resume' | 'unregister';

const HOUR_MS = 3_600_000;

/** The next full hour that is at least one away, written so that it reads the same everywhere. */
export function suggestedStart(now: number): string {
  return formatAbsolute(Math.ceil((now + HOUR_MS) / HOUR_MS) * HOUR_MS, 'UTC');
}

export interface Values {
  when: 'now' | 'later';
  startAt: string;
  reason: string;
  duration: string;
  keep: 'archive' | 'delete';
  days: string;
  notes: string;
  confirm: string;
}

export const DEFAULTS: Values = {
  when: 'now',
  startAt: '',
  reason: '',
  duration: '',
  keep: 'archive',
  days: '90',
  notes: '',
  confirm: '',
};

/** The field of the form for one that the server calls otherwise. */
export const FIELD_OF: Record<string, keyof Values> = {
  schedule_at: 'startAt',
  'params.estimated_duration_minutes': 'duration',
  'params.retention_days': 'days',
  'params.notes': 'notes',
};

export function confirmText(count: number): string {
  return `unregister ${count}`;
}

export function wishOf(kind: Operated, ids: string[], values: Values, now: number): BulkWish {
  const startMs = values.when === 'later' ? parseTime(values.startAt, now) : null;
  const params = paramsOf(kind, values);
  return {
    action: kind,
    collector_ids: ids,
    ...(values.reason.trim() ? { reason: values.reason.trim() } : {}),
    ...(Object.keys(params).length > 0 ? { params } : {}),
    ...(startMs === null ? {} : { schedule_at: new Date(startMs).toISOString() }),
    ...(kind === 'unregister' ? { confirm: values.confirm } : {}),
  };
}

function paramsOf(kind: Operated, { duration, keep, days, notes }: Values): Record<string, unknown> {
  if (kind === 'stop') return duration === '' ? {} : { estimated_duration_minutes: Number(duration) };
  if (kind !== 'unregister') return {};
  return {
    archive_metrics: keep === 'archive',
    ...(keep === 'archive' ? { retention_days: Number(days) } : {}),
    ...(notes.trim() ? { notes: notes.trim() } : {}),
  };
}
