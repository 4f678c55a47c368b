// What the table shows: filters, order and groups, read from the URL.
import type { Collector } from '../../api/types';
import { STATUS_ORDER, statusWord, type Status } from '../../ui/StatusWord';
import { t } from '../strings';
import { environmentLabel } from '../words';

export const SORTS = ['name', 'status', 'group', 'environment', 'heartbeat', 'cpu', 'memory', 'availability', 'metrics'] as const;
export type Sort = (typeof SORTS)[number];
export const GROUPINGS = ['group', 'environment', 'status'] as const;
export type Grouping = (typeof GROUPINGS)[number];

export interface View {
  q: string;
  status: string[];
  group: string[];
  environment: string[];
  tag: string[];
  sort: Sort;
  descending: boolean;
  groupBy: Grouping | null;
}

export type Row = { kind: 'collector'; key: string; place: number } | { kind: 'group'; key: string; label: string; count: number };

function oneOf<T extends string>(allowed: readonly T[], text: string | null): T | null {
  return allowed.find((each) => each === text) ?? null;
}

export function readView(params: URLSearchParams): View {
  return {
    q: params.get('q') ?? '',
    status: params.getAll('status'),
    group: params.getAll('group'),
    environment: params.getAll('environment'),
    tag: params.getAll('tag'),
    sort: oneOf(SORTS, params.get('sort')) ?? 'name',
    descending: params.get('dir') === 'desc',
    groupBy: oneOf(GROUPINGS, params.get('groupBy')),
  };
}

export function isFiltered(view: View): boolean {
  return view.q.trim() !== '' || view.status.length + view.group.length + view.environment.length + view.tag.length > 0;
}

export const CLEAR = { q: null, status: null, group: null, environment: null, tag: null };

function matchesText(collector: Collector, words: string[]): boolean {
  if (words.length === 0) return true;
  const text = [collector.name, collector.host, collector.database, collector.hostname ?? '', ...collector.tags].join('\n').toLowerCase();
  return words.every((word) => text.includes(word));
}

function anyOf(wanted: string[], has: (value: string) => boolean): boolean {
  return wanted.length === 0 || wanted.some(has);
}

/** Those that match everything but the status, from which the counts are made. */
export function matchingButStatus(collectors: Collector[], view: View): Collector[] {
  const words = view.q.toLowerCase().split(/\s+/).filter(Boolean);
  return collectors.filter(
    (collector) =>
      matchesText(collector, words) &&
      anyOf(view.group, (value) => collector.group?.name === value) &&
      anyOf(view.environment, (value) => collector.environment === value) &&
      anyOf(view.tag, (value) => collector.tags.includes(value)),
  );
}

export function withStatus(collectors: Collector[], status: string[]): Collector[] {
  return collectors.filter((collector) => anyOf(status, (value) => collector.status === value));
}

export function countByStatus(collectors: Collector[]): Map<Status, number> {
  const counts = new Map<Status, number>();
  for (const { status } of collectors) counts.set(status, (counts.get(status) ?? 0) + 1);
  return counts;
}

type Comparison = (a: Collector, b: Collector) => number;

const names = new Intl.Collator('en', { numeric: true, sensitivity: 'base' });
/** Places of names in the order of people; comparing them is far cheaper than comparing texts. */
let places = new Map<string, number>();

function placeOf(name: string): number {
  return places.get(name) ?? -1;
}

/** Called before sorting: orders the names anew when there is one that has no place yet. */
function placeNames(collectors: Collector[]): void {
  if (collectors.every(({ name, group }) => places.has(name) && (!group || places.has(group.name)))) return;
  const all = new Set(collectors.flatMap(({ name, group }) => (group ? [name, group.name] : [name])));
  places = new Map([...all].sort(names.compare).map((name, place) => [name, place]));
}

const byId: Comparison = (a, b) => (a.id < b.id ? -1 : 1);
const byName: Comparison = (a, b) => placeOf(a.name) - placeOf(b.name) || byId(a, b);
const byText = (of: (collector: Collector) => string): Comparison => {
  return (a, b) => (of(a) < of(b) ? -1 : of(a) > of(b) ? 1 : 0);
};
const byNumber = (of: (collector: Collector) => number | null | undefined): Comparison => {
  return (a, b) => (of(a) ?? -1) - (of(b) ?? -1);
};

const COMPARISONS: Record<Sort, Comparison> = {
  name: byName,
  status: byNumber(({ status }) => STATUS_ORDER.indexOf(status)),
  group: byNumber(({ group }) => group && placeOf(group.name)),
  environment: byText(({ environment }) => environment),
  heartbeat: byText(({ last_heartbeat }) => last_heartbeat ?? ''),
  cpu: byNumber(({ cpu_usage }) => cpu_usage),
  memory: byNumber(({ memory_usage }) => memory_usage),
  availability: byNumber(({ uptime_percentage }) => uptime_percentage),
  metrics: byNumber(({ metrics_collected }) => metrics_collected),
};

export function sorted(collectors: Collector[], { sort, descending }: View): Collector[] {
  placeNames(collectors);
  const compare = COMPARISONS[sort];
  return collectors.toSorted((a, b) => (descending ? compare(b, a) : compare(a, b)) || byName(a, b));
}

function groupLabel(collector: Collector, grouping: Grouping): string {
  if (grouping === 'group') return collector.group?.name ?? t('noGroup');
  return grouping === 'environment' ? environmentLabel(collector.environment) : statusWord(collector.status);
}

/** The rows that are collectors, and no headings. */
export function countCollectors(rows: Row[]): number {
  return rows.reduce((sum, { kind }) => sum + (kind === 'collector' ? 1 : 0), 0);
}

/** The lines of the table: collectors, and a heading before each group. */
export function toRows(collectors: Collector[], groupBy: Grouping | null): Row[] {
  if (!groupBy) return collectors.map(({ id }, index) => ({ kind: 'collector', key: id, place: index }));
  const groups = new Map<string, Collector[]>();
  for (const collector of collectors.toSorted((a, b) => COMPARISONS[groupBy](a, b))) {
    const label = groupLabel(collector, groupBy);
    const members = groups.get(label);
    if (members) members.push(collector);
    else groups.set(label, [collector]);
  }
  let place = 0;
  return [...groups].flatMap(([label, members]): Row[] => {
    const rows = members.map(({ id }): Row => ({ kind: 'collector', key: id, place: place++ }));
    return [{ kind: 'group', key: `group ${label}`, label, count: members.length }, ...rows];
  });
}
