import { useEffect, useMemo, useState } from 'react';
import { problemText, requestId } from '../../api/problem';
import { DEFAULT_RANGE, isLive, resolveRange, stepFor, type Span, type TimeRange } from '../../lib/timeRange';
import { useViewParams } from '../../lib/viewParams';
import { ChartFigure } from '../../ui/chart/ChartFigure';
import { SharedCursor } from '../../ui/chart/cursor';
import { TimeRangePicker } from '../../ui/chart/TimeRangePicker';
import { LoadFailure } from '../../ui/states';
import { useCollectorMetricsQuery } from '../api';
import { chartsOf, DATABASE_SERIES, type Chart } from './charts';
import { t } from './strings';

const MOVE_EVERY_MS = 10_000;

export function MetricsTab({ id, interval }: { id: string; interval: number }) {
  const { params, change } = useViewParams();
  const range: TimeRange = { from: params.get('from') ?? DEFAULT_RANGE.from, to: params.get('to') ?? DEFAULT_RANGE.to };
  const span = useSpan(range);
  const setRange = (next: TimeRange) => {
    const isDefault = next.from === DEFAULT_RANGE.from && next.to === DEFAULT_RANGE.to;
    change({ from: isDefault ? null : next.from, to: isDefault || isLive(next) ? null : next.to });
  };
  const zoom = (fromMs: number, toMs: number) => setRange({ from: new Date(fromMs).toISOString(), to: new Date(toMs).toISOString() });

  return (
    <SharedCursor>
      <div className="metrics-bar">
        <TimeRangePicker range={range} onChange={setRange} />
      </div>
      <Charts id={id} interval={interval} span={span} onZoom={zoom} />
    </SharedCursor>
  );
}

/** The span of the range; one that ends now moves on by itself. */
function useSpan(range: TimeRange): Span {
  const [now, setNow] = useState(Date.now);
  const live = isLive(range);
  useEffect(() => {
    setNow(Date.now());
    if (!live) return;
    const timer = setInterval(() => setNow(Date.now()), MOVE_EVERY_MS);
    return () => clearInterval(timer);
  }, [live, range.from, range.to]);
  return useMemo(() => resolveRange({ from: range.from, to: range.to }, now), [range.from, range.to, now]);
}

function Charts({
  id,
  interval,
  span,
  onZoom,
}: {
  id: string;
  interval: number;
  span: Span;
  onZoom: (fromMs: number, toMs: number) => void;
}) {
  const step = stepFor(span, interval);
  const request = {
    id,
    from: new Date(span.fromMs).toISOString(),
    to: new Date(span.toMs).toISOString(),
    ...(step > 0 ? { step } : {}),
  };
  const agent = useCollectorMetricsQuery(request);
  const database = useCollectorMetricsQuery({ ...request, match: DATABASE_SERIES });
  const charts = useMemo(() => chartsOf(agent.data?.series ?? [], database.data?.series ?? []), [agent.data, database.data]);
  const failed = agent.error ?? database.error;
  const retry = () => {
    void agent.refetch();
    void database.refetch();
  };
  return (
    <>
      {failed && <LoadFailure what={t('theMetrics')} why={problemText(failed)} requestId={requestId(failed)} onRetry={retry} />}
      <div className="charts">
        {charts.map((chart: Chart) => (
          <ChartFigure
            key={chart.title}
            title={chart.title}
            lines={chart.lines}
            most={chart.most}
            binary={chart.binary}
            format={chart.format}
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
