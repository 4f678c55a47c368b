import { useId, useState, type FormEvent } from 'react';
import Popover from '@mui/material/Popover';
import { messages } from '../../lib/messages';
import { formatAbsolute } from '../../lib/time';
import { DEFAULT_RANGE, isLive, parseTime, resolveRange, zoomOut, type TimeRange } from '../../lib/timeRange';
import { Button } from '../Button';
import { TextField } from '../Field';
import { Themed } from '../mui/Themed';
import { useListKeys } from '../useListKeys';

const t = messages({
  button: 'Time range: {range}',
  dialog: 'Time range',
  quick: 'Quick ranges',
  m15: 'Last 15 minutes',
  h1: 'Last 1 hour',
  h6: 'Last 6 hours',
  h24: 'Last 24 hours',
  d7: 'Last 7 days',
  d30: 'Last 30 days',
  now: 'now',
  from: 'From',
  to: 'To',
  apply: 'Apply range',
  hint: 'now-2h, or 2026-11-20 14:00',
  unreadable: 'Not a time',
  backwards: 'The end is before the beginning',
  zoomOut: 'Zoom out',
  resetZoom: 'Reset zoom',
});

const QUICK: [string, string][] = [
  ['now-15m', t('m15')],
  ['now-1h', t('h1')],
  ['now-6h', t('h6')],
  ['now-24h', t('h24')],
  ['now-7d', t('d7')],
  ['now-30d', t('d30')],
];

export function rangeLabel(range: TimeRange): string {
  const quick = isLive(range) && QUICK.find(([from]) => from === range.from);
  if (quick) return quick[1];
  const { fromMs, toMs } = resolveRange(range, Date.now());
  return `${formatAbsolute(fromMs)} – ${isLive(range) ? t('now') : formatAbsolute(toMs)}`;
}

interface TimeRangePickerProps {
  range: TimeRange;
  onChange: (range: TimeRange) => void;
}

export function TimeRangePicker({ range, onChange }: TimeRangePickerProps) {
  const [anchor, setAnchor] = useState<HTMLElement | null>(null);
  const isDefault = range.from === DEFAULT_RANGE.from && range.to === DEFAULT_RANGE.to;
  const choose = (next: TimeRange) => {
    setAnchor(null);
    onChange(next);
  };
  const widen = () => {
    const { fromMs, toMs } = zoomOut(resolveRange(range, Date.now()), Date.now());
    onChange({ from: new Date(fromMs).toISOString(), to: new Date(toMs).toISOString() });
  };
  return (
    <div className="range-controls">
      <Button icon="clock" aria-haspopup="dialog" aria-expanded={anchor !== null} onClick={(event) => setAnchor(event.currentTarget)}>
        {t('button', { range: rangeLabel(range) })}
      </Button>
      <Button icon="zoomOut" onClick={widen}>
        {t('zoomOut')}
      </Button>
      <Button disabled={isDefault} onClick={() => onChange(DEFAULT_RANGE)}>
        {t('resetZoom')}
      </Button>
      <Themed>
        <Popover
          open={anchor !== null}
          anchorEl={anchor}
          onClose={() => setAnchor(null)}
          anchorOrigin={{ vertical: 'bottom', horizontal: 'left' }}
          slotProps={{ paper: { role: 'dialog', 'aria-label': t('dialog') } }}
        >
          <RangeForm range={range} onChange={choose} />
        </Popover>
      </Themed>
    </div>
  );
}

function RangeForm({ range, onChange }: TimeRangePickerProps) {
  const [from, setFrom] = useState(range.from);
  const [to, setTo] = useState(range.to);
  const [problem, setProblem] = useState<{ field: 'from' | 'to'; text: string } | null>(null);
  const id = useId();
  const refuse = (field: 'from' | 'to', text: string) => {
    setProblem({ field, text });
    document.getElementById(`${id}-${field}`)?.focus();
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const now = Date.now();
    const fromMs = parseTime(from, now);
    const toMs = parseTime(to, now);
    if (fromMs === null) return refuse('from', t('unreadable'));
    if (toMs === null) return refuse('to', t('unreadable'));
    if (fromMs >= toMs) return refuse('to', t('backwards'));
    onChange({ from: written(from, fromMs), to: written(to, toMs) });
  };
  return (
    <div className="range-dialog">
      <QuickRanges range={range} onChange={onChange} />
      <form onSubmit={submit} noValidate>
        <TextField
          id={`${id}-from`}
          label={t('from')}
          value={from}
          onChange={(event) => setFrom(event.target.value)}
          error={problem?.field === 'from' ? problem.text : undefined}
          spellCheck={false}
        />
        <TextField
          id={`${id}-to`}
          label={t('to')}
          value={to}
          hint={t('hint')}
          onChange={(event) => setTo(event.target.value)}
          error={problem?.field === 'to' ? problem.text : undefined}
          spellCheck={false}
        />
        <Button look="primary" type="submit">
          {t('apply')}
        </Button>
      </form>
    </div>
  );
}

/** Relative times stay as written; the others go into the URL as ISO times. */
function written(text: string, timeMs: number): string {
  return text.trim().startsWith('now') ? text.trim() : new Date(timeMs).toISOString();
}

function QuickRanges({ range, onChange }: TimeRangePickerProps) {
  const id = useId();
  const chosen = QUICK.findIndex(([from]) => isLive(range) && from === range.from);
  const choose = (index: number) => {
    const quick = QUICK[index];
    if (quick) onChange({ from: quick[0], to: 'now' });
  };
  const { list, active, onKeyDown } = useListKeys(QUICK.length, Math.max(0, chosen), choose);
  return (
    <ul
      ref={list}
      role="listbox"
      aria-label={t('quick')}
      tabIndex={0}
      aria-activedescendant={`${id}-${active}`}
      className="quick-ranges"
      onKeyDown={onKeyDown}
    >
      {QUICK.map(([from, label], index) => (
        <li
          key={from}
          id={`${id}-${index}`}
          role="option"
          aria-selected={index === chosen}
          className={index === active ? 'active' : undefined}
          onClick={() => choose(index)}
        >
          {label}
        </li>
      ))}
    </ul>
  );
}
