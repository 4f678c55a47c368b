// A chart with everything that says the same without sight or mouse: a
// summary in words, a slider that moves the cursor, and a table.
import { lazy, Suspense, useId, useMemo, useState, type ReactNode } from 'react';
import { messages } from '../../lib/messages';
import { formatAbsolute } from '../../lib/time';
import { Button } from '../Button';
import { useCursor, useCursorTime } from './cursor';
import { align, nearest, summarise, type Aligned, type Line } from './data';
import type { Mark, Threshold } from './marks';
import './chart.css';

const Plot = lazy(() => import('./Plot'));

const t = messages({
  cursor: 'Cursor',
  asTable: 'Show as table',
  asChart: 'Show as chart',
  noData: 'No data in this time range',
  nothing: 'no point',
  summary: '{label}: latest {latest}, mean {mean}, from {least} to {most}',
  time: 'Time',
  mark: '{label} at {time}',
  rowsShown: 'The latest {n} points of this range',
});

const MOST_TABLE_ROWS = 500;
const NO_MARKS: Mark[] = [];

/** What a chart shows, whatever the range. */
export interface Chart {
  title: string;
  lines: Line[];
  format: (value: number) => string;
  /** Upper end of the scale when it is known, as 100 for percent. */
  most?: number;
  /** The values are bytes. */
  binary?: boolean;
  /** A value that means something when a line passes it. */
  threshold?: Threshold | undefined;
}

interface ChartFigureProps extends Chart {
  fromMs: number;
  toMs: number;
  /** Moments of the range when something was done. */
  marks?: Mark[];
  onZoom: (fromMs: number, toMs: number) => void;
  loading?: boolean;
  /** Said instead of "no data", when the reason is known. */
  empty?: ReactNode;
}

export function ChartFigure({ marks = NO_MARKS, threshold, loading = false, empty, ...chart }: ChartFigureProps) {
  const { title, lines, fromMs, toMs, most, binary, format, onZoom } = chart;
  const titleId = useId();
  const [table, setTable] = useState(false);
  const data = useMemo(() => align(lines), [lines]);
  const labels = lines.map(({ label }) => label);
  const hasData = data.times.length > 0;
  return (
    <figure className="chart card" aria-labelledby={titleId} aria-busy={loading || undefined}>
      <div className="chart-head">
        <h2 id={titleId}>{title}</h2>
        <span className="grow" />
        <Button look="quiet" onClick={() => setTable(!table)}>
          {t(table ? 'asChart' : 'asTable')}
        </Button>
      </div>
      {!hasData && table && <PointTable title={title} data={data} labels={labels} format={format} />}
      {!hasData && !table && <p className="chart-empty">{loading ? null : (empty ?? t('noData'))}</p>}
      {hasData && (
        <>
          <Legend lines={lines} data={data} format={format} threshold={threshold} marks={marks} />
          <p className="hidden-visually">{summary(lines, marks, threshold, format)}</p>
          {table ? (
            <PointTable title={title} data={data} labels={labels} format={format} />
          ) : (
            <Suspense fallback={<div className="plot" aria-busy="true" />}>
              <Plot {...{ data, labels, fromMs, toMs, most, binary, marks, threshold, format, onZoom }} />
            </Suspense>
          )}
        </>
      )}
      {(hasData || !loading) && <CursorSlider data={data} labels={labels} format={format} />}
    </figure>
  );
}

function summary(lines: Line[], marks: Mark[], threshold: Threshold | undefined, format: (value: number) => string): string {
  const words = lines.map((line) => summaryText(line, format));
  if (threshold) words.push(`${threshold.label} ${format(threshold.value)}`);
  return [...words, ...marks.map(({ time, label }) => t('mark', { label, time: formatAbsolute(time) }))].join('. ');
}

function summaryText({ label, points }: Line, format: (value: number) => string): string {
  const summary = summarise(points);
  if (!summary) return `${label}: ${t('nothing')}`;
  const { latest, mean, least, most } = summary;
  return t('summary', { label, latest: format(latest), mean: format(mean), least: format(least), most: format(most) });
}

interface DataProps {
  data: Aligned;
  labels: string[];
  format: (value: number) => string;
}

interface LegendProps {
  lines: Line[];
  data: Aligned;
  marks: Mark[];
  threshold: Threshold | undefined;
  format: (value: number) => string;
}

function Legend({ lines, data, marks, threshold, format }: LegendProps) {
  const time = useCursorTime();
  const at = time === null ? -1 : nearest(data.times, time);
  return (
    <ul className="legend">
      {lines.map(({ label, points }, index) => {
        const value = at === -1 ? summarise(points)?.latest : data.values[index]?.[at];
        return (
          <li key={label}>
            <LegendLine name={String((index % 6) + 1)} />
            {label} <strong>{typeof value === 'number' ? format(value) : '–'}</strong>
          </li>
        );
      })}
      {threshold && (
        <li>
          <LegendLine name="threshold" />
          {threshold.label} <strong>{format(threshold.value)}</strong>
        </li>
      )}
      {[...new Set(marks.map(({ label }) => label))].map((label) => (
        <li key={label}>
          <LegendLine name="mark" />
          {label}
        </li>
      ))}
    </ul>
  );
}

function LegendLine({ name }: { name: string }) {
  return (
    <svg width="18" height="8" aria-hidden="true">
      <line x1="0" y1="4" x2="18" y2="4" className={`legend-line legend-line-${name}`} />
    </svg>
  );
}

function CursorSlider({ data, labels, format }: DataProps) {
  const cursor = useCursor();
  const time = useCursorTime();
  const last = Math.max(0, data.times.length - 1);
  const at = time === null ? last : nearest(data.times, time);
  // A chart without points follows the others.
  const moment = data.times[at] ?? time;
  const values = labels.map((label, index) => {
    const value = data.values[index]?.[at];
    return `${label} ${typeof value === 'number' ? format(value) : t('nothing')}`;
  });
  return (
    <input
      type="range"
      className="cursor-slider"
      aria-label={t('cursor')}
      aria-valuetext={moment === null ? t('noData') : `${formatAbsolute(moment)}: ${values.join(', ') || t('noData')}`}
      min={0}
      max={last}
      value={at}
      onChange={(event) => cursor.set(data.times[Number(event.target.value)] ?? null)}
      onFocus={() => cursor.set(moment)}
      onBlur={() => cursor.set(null)}
    />
  );
}

function PointTable({ title, data, labels, format }: DataProps & { title: string }) {
  const from = Math.max(0, data.times.length - MOST_TABLE_ROWS);
  return (
    <div className="chart-table" tabIndex={0} role="region" aria-label={title}>
      {from > 0 && <p className="meta">{t('rowsShown', { n: MOST_TABLE_ROWS })}</p>}
      <table className="table" aria-label={title}>
        <thead>
          <tr>
            <th scope="col">{t('time')}</th>
            {labels.map((label) => (
              <th key={label} scope="col" className="number">
                {label}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {data.times.length === 0 && (
            <tr>
              <td>{t('noData')}</td>
            </tr>
          )}
          {data.times.slice(from).map((time, offset) => (
            <tr key={time}>
              <th scope="row">{formatAbsolute(time)}</th>
              {labels.map((label, index) => {
                const value = data.values[index]?.[from + offset];
                return (
                  <td key={label} className="number">
                    {typeof value === 'number' ? format(value) : '–'}
                  </td>
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
