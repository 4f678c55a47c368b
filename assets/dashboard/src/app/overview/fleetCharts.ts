// Which series of the fleet make which chart.
import type { Series } from '../../api/types';
import { formatBytes, formatCount, formatDecimal, formatMilliseconds, formatPercent } from '../../lib/format';
import type { Line } from '../../ui/chart/data';
import type { Chart } from '../../ui/chart/ChartFigure';
import { STATUS_ORDER, statusWord } from '../../ui/StatusWord';
import { t } from './strings';

export function fleetCharts(series: Series[], slowMs: number | undefined): Chart[] {
  return [
    { title: t('byStatus'), lines: byStatus(series), format: formatCount },
    { title: t('cpu'), lines: spread(series, 'fleet.cpu_usage'), format: (value) => formatPercent(value), most: 100 },
    { title: t('memory'), lines: spread(series, 'fleet.memory_usage'), format: (value) => formatPercent(value), most: 100 },
    {
      title: t('network'),
      lines: [
        ...line(series, 'fleet.network_sent_bytes_per_second', {}, t('sent')),
        ...line(series, 'fleet.network_received_bytes_per_second', {}, t('received')),
      ],
      format: (value) => t('perSecond', { n: formatBytes(value) }),
      binary: true,
    },
    {
      title: t('collectionTime'),
      lines: spread(series, 'fleet.collection_time_ms'),
      format: formatMilliseconds,
      threshold: slowMs === undefined ? undefined : { value: slowMs, label: t('slowAbove') },
    },
    { title: t('queries'), lines: spread(series, 'fleet.queries_per_collection'), format: (value) => formatDecimal(value) },
  ];
}

function line(series: Series[], name: string, labels: Record<string, string>, label: string): Line[] {
  const found = series.find((each) => each.name === name && Object.entries(labels).every(([key, value]) => each.labels[key] === value));
  return found?.points.some(([, value]) => value !== null) ? [{ label, points: found.points }] : [];
}

function spread(series: Series[], name: string): Line[] {
  return [...line(series, name, { of: 'mean' }, t('mean')), ...line(series, name, { of: 'highest' }, t('highest'))];
}

/** The statuses that occur in the range, worst first. */
function byStatus(series: Series[]): Line[] {
  return STATUS_ORDER.flatMap((status) => {
    const [found] = line(series, 'fleet.collectors', { status }, statusWord(status));
    return found?.points.some(([, value]) => value !== null && value > 0) ? [found] : [];
  });
}
