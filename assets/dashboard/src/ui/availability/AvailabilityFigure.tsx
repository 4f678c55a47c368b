// How long something was there, one cell for each day. The cells are one
// image; a slider reads each day, and a table says them all.
import { useId, useState } from 'react';
import { formatDuration, formatPercent } from '../../lib/format';
import { messages } from '../../lib/messages';
import { Button } from '../Button';
import { cutOff, kindOf, type Day } from './days';
import './availability.css';

const t = messages({
  title: 'Availability',
  image: { one: 'Availability, last {n} day: {value}', other: 'Availability, last {n} days: {value}' },
  noData: 'no data',
  day: 'Day',
  down: 'Down',
  valueOfDay: '{date}: {value}',
  valueWithDown: '{date}: {value}, down {down}',
  asTable: 'Show as table',
  asBar: 'Show as bar',
});

interface AvailabilityFigureProps {
  days: Day[];
  percentage: number | null | undefined;
  className?: string;
}

export function AvailabilityFigure({ days, percentage, className = '' }: AvailabilityFigureProps) {
  const titleId = useId();
  const [table, setTable] = useState(false);
  const [chosen, setChosen] = useState<number | null>(null);
  const last = days.length - 1;
  const at = Math.min(chosen ?? last, last);
  const day = days[at];
  return (
    <figure className={`availability card ${className}`} aria-labelledby={titleId}>
      <div className="availability-head">
        <h2 id={titleId}>{t('title')}</h2>
        <strong>{percent(percentage)}</strong>
        <span className="grow" />
        <Button look="quiet" onClick={() => setTable(!table)}>
          {t(table ? 'asBar' : 'asTable')}
        </Button>
      </div>
      {table ? (
        <DayTable days={days} />
      ) : (
        <>
          <div className="availability-days" role="img" aria-label={t('image', { n: days.length, value: percent(percentage) })}>
            {days.map((each, index) => (
              <span key={each.date} className={`day day-${kindOf(each)} ${index === chosen ? 'day-chosen' : ''}`} />
            ))}
          </div>
          <input
            type="range"
            className="availability-slider"
            aria-label={t('day')}
            aria-valuetext={day && sentence(day)}
            min={0}
            max={last}
            value={at}
            onChange={(event) => setChosen(Number(event.target.value))}
            onBlur={() => setChosen(null)}
          />
          <p className="meta availability-day">{day && sentence(day)}</p>
        </>
      )}
    </figure>
  );
}

function percent(percentage: number | null | undefined): string {
  return percentage === null || percentage === undefined ? t('noData') : formatPercent(cutOff(percentage));
}

function sentence(day: Day): string {
  const value = percent(day.percentage);
  if (!day.down_seconds) return t('valueOfDay', { date: day.date, value });
  return t('valueWithDown', { date: day.date, value, down: formatDuration(day.down_seconds) });
}

function DayTable({ days }: { days: Day[] }) {
  return (
    <div className="availability-table" tabIndex={0} role="region" aria-label={t('title')}>
      <table className="table" aria-label={t('title')}>
        <thead>
          <tr>
            <th scope="col">{t('day')}</th>
            <th scope="col" className="number">
              {t('title')}
            </th>
            <th scope="col" className="number">
              {t('down')}
            </th>
          </tr>
        </thead>
        <tbody>
          {days.toReversed().map((day) => (
            <tr key={day.date}>
              <th scope="row">{day.date}</th>
              <td className="number">{percent(day.percentage)}</td>
              <td className="number">{formatDuration(day.down_seconds)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
