// Top statements from counters. pg_stat_statements counts from its last reset
// on, so what a range of time cost is how far its counters rose in it.
import type { Series } from '../../../api/types';
import type { Point } from '../../../ui/chart/data';

export const CALLS = 'pg_query_stats.queries.calls';
export const TOTAL_TIME = 'pg_query_stats.queries.total_time';
export const ROWS = 'pg_query_stats.queries.rows';

const TREND_PARTS = 24;

export interface Statement {
  /** Of the database and the query's hash. */
  key: string;
  database: string;
  hash: string;
  text: string | undefined;
  /** Null when the range holds one look at the counter only. */
  calls: number | null;
  totalMs: number | null;
  meanMs: number | null;
  rows: number | null;
  /** Percent of the time of all statements of the list. */
  load: number | null;
  /** Milliseconds in each part of the range. */
  trend: (number | null)[];
  wasReset: boolean;
}

export interface Growth {
  total: number | null;
  wasReset: boolean;
  /** When it rose, and by how much. */
  rises: [unixMs: number, by: number][];
}

/** How far a counter rose. One that fell began again from zero, so all of its new value is a rise. */
export function growthOf(points: readonly Point[]): Growth {
  const growth: Growth = { total: null, wasReset: false, rises: [] };
  let before: number | null = null;
  for (const [time, value] of points) {
    if (value === null) continue;
    if (before !== null) {
      const fell = value < before;
      const by = fell ? value : value - before;
      growth.wasReset ||= fell;
      growth.total = (growth.total ?? 0) + by;
      growth.rises.push([time, by]);
    }
    before = value;
  }
  return growth;
}

/** What fell into each of the equal parts of a range; null where nobody looked. */
export function trendOf({ rises }: Growth, fromMs: number, toMs: number): (number | null)[] {
  const parts = Array.from({ length: TREND_PARTS }, (): number | null => null);
  for (const [time, by] of rises) {
    const part = Math.min(TREND_PARTS - 1, Math.max(0, Math.floor(((time - fromMs) / (toMs - fromMs)) * TREND_PARTS)));
    parts[part] = (parts[part] ?? 0) + by;
  }
  return parts;
}

export function statementKey(database: string, hash: string): string {
  // In a document the hash is a number of 64 bits, of which this language keeps 53; the label has them all.
  return `${database}\n${Number(hash)}`;
}

/** Statements that ran in the range, or of which that is not known yet. */
export function statementsOf(series: Series[], texts: ReadonlyMap<string, string>, fromMs: number, toMs: number): Statement[] {
  const grown = new Map<string, { database: string; hash: string } & Record<string, Growth | string>>();
  for (const { name, labels, points } of series) {
    const { database = '', hash = '' } = labels;
    const key = statementKey(database, hash);
    const found = grown.get(key) ?? { database, hash };
    found[name] = growthOf(points);
    grown.set(key, found);
  }
  const statements = [...grown].map(([key, found]): Statement => {
    const of = (name: string) => found[name] as Growth | undefined;
    const calls = of(CALLS)?.total ?? null;
    const total = of(TOTAL_TIME);
    const totalMs = total?.total ?? null;
    return {
      key,
      database: found.database,
      hash: found.hash,
      text: texts.get(key),
      calls,
      totalMs,
      meanMs: calls && totalMs !== null ? totalMs / calls : null,
      rows: of(ROWS)?.total ?? null,
      load: null,
      trend: total ? trendOf(total, fromMs, toMs) : [],
      wasReset: [CALLS, TOTAL_TIME].some((name) => of(name)?.wasReset),
    };
  });
  return withLoad(statements.filter(({ calls }) => calls !== 0));
}

function withLoad(statements: Statement[]): Statement[] {
  const all = statements.reduce((sum, { totalMs }) => sum + (totalMs ?? 0), 0);
  return statements.map((each) => ({ ...each, load: each.totalMs === null || all === 0 ? null : (each.totalMs / all) * 100 }));
}

export const SORTS = ['total', 'calls', 'mean', 'rows', 'query', 'database'] as const;
export type StatementSort = (typeof SORTS)[number];

const FIGURE: Partial<Record<StatementSort, (statement: Statement) => number | null>> = {
  total: ({ totalMs }) => totalMs,
  calls: ({ calls }) => calls,
  mean: ({ meanMs }) => meanMs,
  rows: ({ rows }) => rows,
};

/** Figures from the highest on, texts from A on. */
export function sortedStatements(statements: Statement[], sort: StatementSort): Statement[] {
  const figure = FIGURE[sort];
  const text = (each: Statement) => (sort === 'database' ? each.database : (each.text ?? each.hash));
  return statements.toSorted((a, b) => (figure ? (figure(b) ?? -1) - (figure(a) ?? -1) : text(a).localeCompare(text(b))));
}

/** Those that hold every word in their text or database. */
export function matchingStatements(statements: Statement[], search: string): Statement[] {
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return statements;
  return statements.filter(({ text, database, hash }) => {
    const all = `${text ?? ''}\n${database}\n${hash}`.toLowerCase();
    return words.every((word) => all.includes(word));
  });
}
