// Which series make which chart, and how their values read.
import type { Action, Series } from '../../api/types';
import { formatBytes, formatCompact, formatCount, formatDecimal, formatMilliseconds, formatPercent } from '../../lib/format';
import { rate, summarise, type Line } from '../../ui/chart/data';
import type { Chart } from '../../ui/chart/ChartFigure';
import type { Mark } from '../../ui/chart/marks';
import type { Span } from '../../lib/timeRange';
import { t } from './strings';

const TRANSACTIONS = 'pg_stats.transactions_committed';
const TABLE_SIZES = 'pg_stats.tables.size_bytes';

/** What is asked for beside the agent's own figures. */
export const DATABASE_SERIES = [TRANSACTIONS, TABLE_SIZES];

/** A chart with more lines than colours cannot be read. */
const MOST_LINES = 6;

export function chartsOf(agent: Series[], database: Series[], slowMs: number | undefined): Chart[] {
  return [
    { title: t('cpuUsage'), lines: named(agent, [['agent.cpu_usage', t('cpu')]]), format: (value) => formatPercent(value), most: 100 },
    {
      title: t('memoryUsage'),
      lines: named(agent, [['agent.memory_usage', t('memory')]]),
      format: (value) => formatPercent(value),
      most: 100,
    },
    {
      title: t('network'),
      // Both are counters of the host, so what is of interest is how fast they grow.
      lines: named(agent, [
        ['agent.network_sent_bytes', t('sentLine')],
        ['agent.network_received_bytes', t('receivedLine')],
      ]).map(perSecond),
      format: (value) => t('perSecond', { n: formatBytes(value) }),
      binary: true,
    },
    {
      title: t('collectionTime'),
      lines: named(agent, [['agent.collection_time_ms', t('collectionTime')]]),
      format: formatMilliseconds,
      threshold: slowMs === undefined ? undefined : { value: slowMs, label: t('slowAbove') },
    },
    { title: t('queries'), lines: named(agent, [['agent.queries_per_collection', t('queries')]]), format: formatCount },
    {
      title: t('transactions'),
      lines: largest(labelled(database, TRANSACTIONS, ({ database: name }) => name ?? '').map(perSecond)),
      format: (value) => t('perSecond', { n: value < 100 ? formatDecimal(value, 2) : formatCompact(value) }),
    },
    {
      title: t('tables'),
      lines: largest(labelled(database, TABLE_SIZES, (labels) => [labels.database, labels.schema, labels.name].filter(Boolean).join('.'))),
      format: formatBytes,
      binary: true,
    },
  ];
}

const DONE: Record<Action['action'], string> = { restart: t('restarted'), stop: t('stopped'), resume: t('resumed') };

/** What was done to the collector in the range. */
export function marksOf(actions: Action[], { fromMs, toMs }: Span): Mark[] {
  return actions.flatMap(({ action, status, completed_at }) => {
    const time = status === 'completed' && completed_at ? Date.parse(completed_at) : Number.NaN;
    return time >= fromMs && time <= toMs ? [{ time, label: DONE[action] }] : [];
  });
}

function named(series: Series[], wanted: [name: string, label: string][]): Line[] {
  return wanted.flatMap(([name, label]) => {
    const found = series.find((each) => each.name === name);
    return found && found.points.length > 0 ? [{ label, points: found.points }] : [];
  });
}

function labelled(series: Series[], name: string, label: (labels: Record<string, string>) => string): Line[] {
  return series
    .filter((each) => each.name === name && each.points.length > 0)
    .map((each) => ({ label: label(each.labels), points: each.points }));
}

function perSecond({ label, points }: Line): Line {
  return { label, points: rate(points) };
}

/** The lines with the highest latest value, as many as there are colours. */
function largest(lines: Line[]): Line[] {
  const latest = new Map(lines.map((line) => [line, summarise(line.points)?.latest ?? -1]));
  return lines.toSorted((a, b) => (latest.get(b) ?? 0) - (latest.get(a) ?? 0)).slice(0, MOST_LINES);
}
