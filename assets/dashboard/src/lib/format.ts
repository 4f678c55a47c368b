// Numbers for people. Everything goes through `Intl`; a missing value is
// always the same dash.
import { intlLocale } from './messages';

export const MISSING = '–';

type Value = number | null | undefined;

function isMissing(value: Value): value is null | undefined {
  return value === null || value === undefined || !Number.isFinite(value);
}

export function formatCount(value: Value): string {
  if (isMissing(value)) return MISSING;
  return new Intl.NumberFormat(intlLocale(), { useGrouping: 'min2', maximumFractionDigits: 0 }).format(value);
}

export function formatDecimal(value: Value, digits = 1): string {
  if (isMissing(value)) return MISSING;
  return new Intl.NumberFormat(intlLocale(), { useGrouping: 'min2', maximumFractionDigits: digits }).format(value);
}

export function formatCompact(value: Value): string {
  if (isMissing(value)) return MISSING;
  return new Intl.NumberFormat(intlLocale(), { notation: 'compact', maximumFractionDigits: 1 }).format(value);
}

/** `value` is already in percent, as the API gives it; two digits are always both shown, so that a column lines up. */
export function formatPercent(value: Value, digits = 1): string {
  if (isMissing(value)) return MISSING;
  return new Intl.NumberFormat(intlLocale(), {
    style: 'percent',
    minimumFractionDigits: digits === 2 ? 2 : 0,
    maximumFractionDigits: digits,
  }).format(value / 100);
}

const BYTE_UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];

export function formatBytes(value: Value): string {
  if (isMissing(value)) return MISSING;
  const power = Math.min(BYTE_UNITS.length - 1, Math.max(0, Math.floor(Math.log2(Math.abs(value) || 1) / 10)));
  return `${formatDecimal(value / 1024 ** power, power === 0 ? 0 : 1)} ${BYTE_UNITS[power]}`;
}

export function formatMilliseconds(value: Value): string {
  if (isMissing(value)) return MISSING;
  if (value < 1000) return `${formatDecimal(value, value < 0.1 ? 3 : value < 10 ? 1 : 0)} ms`;
  return `${formatDecimal(value / 1000, 1)} s`;
}

/** Two units at most: 3 d 4 h, 12 min, 45 s. */
export function formatDuration(seconds: Value): string {
  if (isMissing(seconds)) return MISSING;
  const parts: [number, string][] = [
    [Math.floor(seconds / 86_400), 'd'],
    [Math.floor((seconds % 86_400) / 3_600), 'h'],
    [Math.floor((seconds % 3_600) / 60), 'min'],
    [Math.floor(seconds % 60), 's'],
  ];
  const first = parts.findIndex(([amount]) => amount > 0);
  if (first === -1) return '0 s';
  return parts
    .slice(first, first + 2)
    .filter(([amount]) => amount > 0)
    .map(([amount, unit]) => `${amount} ${unit}`)
    .join(' ');
}
