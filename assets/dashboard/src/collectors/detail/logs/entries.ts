// The entries on screen: pages of the past and what arrives, oldest first.
import type { LogEntry, LogLevel, LogPage } from '../../../api/types';

export const LEVELS: LogLevel[] = ['DEBUG', 'INFO', 'WARNING', 'ERROR'];

export interface Loaded {
  entries: LogEntry[];
  /** Entries that match, also those that are not loaded. */
  total: number;
  levels: Record<LogLevel, number>;
  /** The newest arrival that was asked for, whatever the filter. */
  lastId: number | null;
}

const NONE: Record<LogLevel, number> = { DEBUG: 0, INFO: 0, WARNING: 0, ERROR: 0 };

function inOrder(a: LogEntry, b: LogEntry): number {
  return a.timestamp < b.timestamp ? -1 : a.timestamp > b.timestamp ? 1 : a.id - b.id;
}

function together(some: LogEntry[], others: LogEntry[]): LogEntry[] {
  const all = new Map([...some, ...others].map((entry) => [entry.id, entry]));
  return [...all.values()].sort(inOrder);
}

export function newest({ entries, total, levels, last_id }: LogPage): Loaded {
  return { entries: together(entries, []), total, levels: { ...NONE, ...levels }, lastId: last_id ?? null };
}

/** With a page of what is older. */
export function withOlder(loaded: Loaded, { entries, total, levels }: LogPage): Loaded {
  return { ...loaded, entries: together(entries, loaded.entries), total, levels: { ...NONE, ...levels } };
}

/** With what arrived after `lastId`; such a page counts only that. */
export function withNewer(loaded: Loaded, { entries, total, levels, last_id }: LogPage): Loaded {
  if (total === 0) return loaded.lastId === (last_id ?? null) ? loaded : { ...loaded, lastId: last_id ?? null };
  const counted = Object.fromEntries(LEVELS.map((level) => [level, loaded.levels[level] + (levels[level] ?? 0)]));
  return {
    entries: together(loaded.entries, entries),
    total: loaded.total + total,
    levels: counted as Loaded['levels'],
    lastId: last_id ?? loaded.lastId,
  };
}

/** A text cut where the words that are searched for begin and end: every second part is a hit. */
export function hitsIn(text: string, search: string): string[] {
  const wanted = search.toLowerCase();
  if (wanted === '') return [text];
  const lower = text.toLowerCase();
  const parts: string[] = [];
  let at = 0;
  // Some letters grow when they are lowered; such a text is searched as it is written.
  const haystack = lower.length === text.length ? lower : text;
  for (let hit = haystack.indexOf(wanted); hit !== -1; hit = haystack.indexOf(wanted, at)) {
    parts.push(text.slice(at, hit), text.slice(hit, hit + wanted.length));
    at = hit + wanted.length;
  }
  return [...parts, text.slice(at)];
}

/** Where the hits are: the entry's place, and which hit of that entry. */
export interface Hit {
  row: number;
  nth: number;
}

export function hitsOf(entries: LogEntry[], search: string): Hit[] {
  if (search.trim() === '') return [];
  return entries.flatMap(({ message }, row) => {
    const count = (hitsIn(message, search).length - 1) / 2;
    return Array.from({ length: count }, (_, nth) => ({ row, nth }));
  });
}
