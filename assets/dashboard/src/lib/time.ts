// Times as people read them. Relative text for the page, absolute text with
// its zone for tooltips and tables.
import { intlLocale } from './messages';
import { preferences } from './preferences';

const UNITS: [Intl.RelativeTimeFormatUnit, number][] = [
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
  ['second', 1],
];

export function formatRelative(time: number, now: number): string {
  const seconds = Math.round((time - now) / 1000);
  const format = new Intl.RelativeTimeFormat(intlLocale(), { style: 'short', numeric: 'auto' });
  // A server's clock may run a little ahead of this one.
  if (seconds > -5 && seconds <= 5) return format.format(0, 'second');
  const [unit, size] = UNITS.find(([, length]) => Math.abs(seconds) >= length) ?? ['second', 1];
  return format.format(Math.trunc(seconds / size), unit);
}

export function zoneName(): string | undefined {
  const zone = preferences().timeZone;
  return zone === 'browser' ? undefined : zone;
}

const absoluteFormats = new Map<string, Intl.DateTimeFormat>();

function absoluteFormat(zone: string | undefined): Intl.DateTimeFormat {
  const key = zone ?? '';
  let format = absoluteFormats.get(key);
  if (!format) {
    format = new Intl.DateTimeFormat('en-GB', {
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
      hour: '2-digit',
      minute: '2-digit',
      second: '2-digit',
      hourCycle: 'h23',
      timeZone: zone,
      timeZoneName: 'short',
    });
    absoluteFormats.set(key, format);
  }
  return format;
}

/** `2026-11-20 14:02:11 UTC`, in the zone that the person chose. */
export function formatAbsolute(time: number, zone = zoneName()): string {
  const part = partsOf(time, zone);
  return `${part('year')}-${part('month')}-${part('day')} ${part('hour')}:${part('minute')}:${part('second')} ${part('timeZoneName')}`;
}

/** `14:02:11`. */
export function formatClock(time: number, zone = zoneName()): string {
  const part = partsOf(time, zone);
  return `${part('hour')}:${part('minute')}:${part('second')}`;
}

function partsOf(time: number, zone: string | undefined): (type: string) => string {
  const parts = absoluteFormat(zone).formatToParts(time);
  return (type) => parts.find((part) => part.type === type)?.value ?? '';
}
