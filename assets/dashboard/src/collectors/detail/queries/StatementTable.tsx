import { formatCompact, formatMilliseconds, formatPercent } from '../../../lib/format';
import { DataTable, type DataColumn } from '../../../ui/DataTable';
import { Sparkline } from '../../../ui/Sparkline';
import type { Statement } from './statements';
import { t } from './strings';

export function StatementTable({ statements, onOpen }: { statements: Statement[]; onOpen: (statement: Statement) => void }) {
  const columns: DataColumn<Statement>[] = [
    {
      id: 'query',
      label: t('query'),
      isHeader: true,
      cell: (each) => (
        <button type="button" className="statement" aria-label={t('open', { text: oneLine(each) })} onClick={() => onOpen(each)}>
          {oneLine(each)}
        </button>
      ),
    },
    { id: 'database', label: t('database'), cell: ({ database }) => database },
    { id: 'calls', label: t('calls'), number: true, cell: ({ calls }) => formatCompact(calls) },
    { id: 'total', label: t('total'), number: true, cell: ({ totalMs }) => formatMilliseconds(totalMs) },
    { id: 'mean', label: t('mean'), number: true, cell: ({ meanMs }) => formatMilliseconds(meanMs) },
    { id: 'rows', label: t('rows'), number: true, cell: ({ rows }) => formatCompact(rows) },
    { id: 'load', label: t('load'), number: true, cell: ({ load }) => <Load value={load} /> },
    { id: 'trend', label: t('trend'), cell: ({ trend }) => <Trend values={trend} /> },
  ];
  return <DataTable label={t('title')} columns={columns} rows={statements} keyOf={({ key }) => key} className="statements" />;
}

/** The statement in one line, or its hash where its text is gone. */
function oneLine({ text, hash }: Statement): string {
  return text?.replace(/\s+/g, ' ').trim() || t('noText', { hash });
}

function Load({ value }: { value: number | null }) {
  return (
    <span className="usage" data-tip={t('loadWhy')}>
      {formatPercent(value)}
      <span className="usage-bar" aria-hidden="true">
        <span style={{ width: `${value ?? 0}%` }} />
      </span>
    </span>
  );
}

function Trend({ values }: { values: (number | null)[] }) {
  const known = values.filter((value): value is number => value !== null);
  const latest = known.at(-1);
  if (latest === undefined) return <span className="muted">{t('noTrend')}</span>;
  const label = t('trendOf', { most: formatMilliseconds(Math.max(...known)), latest: formatMilliseconds(latest) });
  return <Sparkline label={label} values={values} />;
}
