import { useMemo } from 'react';
import { Failed } from '../../api/Failed';
import { stepFor, type Span } from '../../lib/timeRange';
import { ChartFigure } from '../../ui/chart/ChartFigure';
import { SharedCursor } from '../../ui/chart/cursor';
import { TimeRangePicker } from '../../ui/chart/TimeRangePicker';
import { useCollectorActionsQuery, useCollectorMetricsQuery } from '../api';
import { chartsOf, DATABASE_SERIES, marksOf } from './charts';
import { t } from './strings';
import { useTimeRange } from '../../lib/useTimeRange';

export function MetricsTab({ id, interval }: { id: string; interval: number }) {
  const { range, span, setRange, zoom } = useTimeRange();
  return (
    <SharedCursor>
      <div className="metrics-bar">
        <TimeRangePicker range={range} onChange={setRange} />
      </div>
      <Charts id={id} interval={interval} span={span} onZoom={zoom} />
    </SharedCursor>
  );
}

interface ChartsProps {
  id: string;
  interval: number;
  span: Span;
  onZoom: (fromMs: number, toMs: number) => void;
}

function Charts({ id, interval, span, onZoom }: ChartsProps) {
  const step = stepFor(span, interval);
  const request = {
    id,
    from: new Date(span.fromMs).toISOString(),
    to: new Date(span.toMs).toISOString(),
    ...(step > 0 ? { step } : {}),
  };
  const agent = useCollectorMetricsQuery(request);
  const database = useCollectorMetricsQuery({ ...request, match: DATABASE_SERIES });
  const charts = useMemo(
    () => chartsOf(agent.data?.series ?? [], database.data?.series ?? [], agent.data?.slow_collection_ms),
    [agent.data, database.data],
  );
  const actions = useCollectorActionsQuery(id).data;
  const marks = useMemo(() => marksOf(actions ?? [], span), [actions, span]);
  const failed = agent.error ?? database.error;
  const retry = () => {
    void agent.refetch();
    void database.refetch();
  };
  return (
    <>
      <Failed what={t('theMetrics')} error={failed} onRetry={retry} />
      <div className="charts" hidden={failed !== undefined && !agent.data}>
        {charts.map((chart) => (
          <ChartFigure
            key={chart.title}
            {...chart}
            marks={marks}
            fromMs={span.fromMs}
            toMs={span.toMs}
            onZoom={onZoom}
            loading={agent.isFetching && !agent.data}
          />
        ))}
      </div>
    </>
  );
}
