// The fields of the configuration, their rules, and what differs from what
// the collector has.
import { z } from 'zod';
import type { Collector, ConfigChange, Group } from '../../../api/types';
import type { Change } from '../../../ui/ChangesTable';
import { COLLECTION_RULES } from '../../collection';
import { t as words } from '../../strings';
import { t } from './strings';

export const schema = z.object({
  ...COLLECTION_RULES,
  group_id: z.string(),
  tags: z.array(z.string()),
});

export type Values = z.input<typeof schema>;
export type Checked = z.output<typeof schema>;
export type Field = keyof Values;

export const LABELS: Record<Field, string> = {
  collection_interval: words('interval'),
  query_limit: words('queryLimit'),
  group_id: t('group'),
  tags: t('tags'),
};

export function isField(name: string): name is Field {
  return name in LABELS;
}

type Configured = Pick<Collector, 'collection_interval' | 'query_limit' | 'group' | 'tags'>;

export function checkedOf(collector: Configured): Checked {
  return {
    collection_interval: collector.collection_interval,
    query_limit: collector.query_limit,
    group_id: collector.group?.id ?? '',
    tags: collector.tags,
  };
}

export function valuesOf(collector: Configured): Values {
  const checked = checkedOf(collector);
  return { ...checked, collection_interval: String(checked.collection_interval), query_limit: String(checked.query_limit) };
}

const FIELDS = Object.keys(LABELS) as Field[];

/** What is sent: the fields that differ, and no other, so that nobody else's change is undone. */
export function changeOf(before: Checked, after: Checked): ConfigChange {
  return Object.fromEntries(FIELDS.filter((field) => !same(before[field], after[field])).map((field) => [field, after[field]]));
}

/** The order of tags says nothing. */
function same(before: unknown, after: unknown): boolean {
  if (Array.isArray(before) && Array.isArray(after)) return before.toSorted().join('\n') === after.toSorted().join('\n');
  return before === after;
}

/** The same for people to read. */
export function differences(before: Checked, after: Checked, groups: Group[]): Change[] {
  const change = changeOf(before, after);
  const written = (field: Field, values: Checked): string => {
    const value = values[field];
    if (Array.isArray(value)) return value.length > 0 ? value.join(', ') : t('none');
    if (field !== 'group_id') return String(value);
    return groups.find(({ id }) => id === value)?.name ?? t('noGroup');
  };
  return FIELDS.filter((field) => field in change).map((field) => ({
    field: LABELS[field],
    before: written(field, before),
    after: written(field, after),
  }));
}
