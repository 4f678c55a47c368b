// The charts of the fleet. They come after the counts and the list of trouble,
// with the code that draws them.
import { useMemo } from 'react';
import { Failed } from '../../api/Failed';
import { useFleetAvailabilityQuery, useFleetMetricsQuery } from '../../collectors/api';
import { stepFor } from '../../lib/timeRange';
import { useTimeRange } from '../../lib/useTimeRange';
import { AvailabilityFigure } from '../../ui/availability/AvailabilityFigure';
import { ChartFigure } from '../../ui/chart/ChartFigure';
import { SharedCursor } from '../../ui/chart/cursor';
import { TimeRangePicker } from '../../ui/chart/TimeRangePicker';
import { fleetCharts } from './fleetCharts';
import { t } from './strings';

/** Seconds between two points, as the server takes them. */
const INTERVAL = 10;
const AVAILABILITY_REFRESH_MS = 300_000;

export default function FleetCharts() {
  const { range, span, setRange, zoom } = useTimeRange();
  const step = stepFor(span, INTERVAL);
  const answer = useFleetMetricsQuery({
    from: new Date(span.fromMs).toISOString(),
    to: new Date(span.toMs).toISOString(),
    ...(step > 0 ? { step } : {}),
  });
  const charts = useMemo(() => fleetCharts(answer.data?.series ?? [], answer.data?.slow_collection_ms), [answer.data]);
  return (
    <SharedCursor>
      <section className="fleet-charts" aria-labelledby="fleet-charts">
        <div className="fleet-charts-head">
          <h2 id="fleet-charts" className="grow">
            {t('charts')}
          </h2>
          <TimeRangePicker range={range} onChange={setRange} />
        </div>
        <Failed what={t('theCharts')} error={answer.error} onRetry={answer.refetch} />
        <FleetAvailability />
        <div className="charts" hidden={answer.error !== undefined && !answer.data}>
          {charts.map((chart) => (
            <ChartFigure
              key={chart.title}
              {...chart}
              fromMs={span.fromMs}
              toMs={span.toMs}
              onZoom={zoom}
              loading={answer.isFetching && !answer.data}
              empty={t('noCharts')}
            />
          ))}
        </div>
        <p className="meta">{t('chartsWhy')}</p>
      </section>
    </SharedCursor>
  );
}

function FleetAvailability() {
  const { data, error, refetch } = useFleetAvailabilityQuery(undefined, {
    pollingInterval: AVAILABILITY_REFRESH_MS,
    refetchOnMountOrArgChange: true,
  });
  if (data) return <AvailabilityFigure days={data.days} percentage={data.uptime_percentage} />;
  return <Failed what={t('theAvailability')} error={error} onRetry={refetch} />;
}
