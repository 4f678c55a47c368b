import { memo } from 'react';
import { useSelector } from 'react-redux';
import { Link } from 'react-router';
import type { Collector } from '../../api/types';
import { formatCompact, formatPercent, MISSING } from '../../lib/format';
import type { Window } from '../../lib/windowing';
import { Icon } from '../../ui/Icon';
import { SelectBox } from '../../ui/SelectBox';
import { Sparkline } from '../../ui/Sparkline';
import { Time } from '../../ui/Time';
import { collectorById, recentById } from '../api';
import { CollectorStatus } from '../CollectorStatus';
import { t } from '../strings';
import { address, environmentLabel } from '../words';
import type { Column } from './columns';
import type { RowMenuTarget } from './RowMenu';
import type { Selection } from './useSelection';
import { countCollectors, type Row, type Sort, type View } from './view';

interface TableProps {
  rows: Row[];
  visible: Window;
  rowHeight: number;
  columns: Column[];
  selection: Selection | null;
  view: View;
  onSort: (sort: Sort, descending: boolean) => void;
  onMenu: (target: RowMenuTarget) => void;
}

export function Table({ rows, visible, rowHeight, columns, selection, view, onSort, onMenu }: TableProps) {
  return (
    <table className="table fleet-table" aria-label={t('collectors')} aria-rowcount={countCollectors(rows) + 1}>
      <colgroup>
        {columns.map(({ id, width }) => (
          <col key={id} style={width ? { width } : undefined} />
        ))}
      </colgroup>
      <thead>
        <tr aria-rowindex={1}>
          {columns.map((column) =>
            column.id === 'select' ? (
              <SelectHeader key="select" label={column.label} rows={rows} selection={selection} />
            ) : (
              <Header key={column.id} column={column} view={view} onSort={onSort} />
            ),
          )}
        </tr>
      </thead>
      <tbody>
        <Spacer rows={visible.first} rowHeight={rowHeight} columns={columns.length} />
        {rows.slice(visible.first, visible.end).map((row) =>
          row.kind === 'group' ? (
            <tr key={row.key} className="group-row">
              <th scope="rowgroup" colSpan={columns.length}>
                {row.label} <span className="meta">{row.count}</span>
              </th>
            </tr>
          ) : (
            <CollectorRow
              key={row.key}
              id={row.key}
              place={row.place}
              columns={columns}
              selected={selection?.ids.has(row.key) ?? false}
              onToggle={selection?.toggle}
              onMenu={onMenu}
            />
          ),
        )}
        <Spacer rows={rows.length - visible.end} rowHeight={rowHeight} columns={columns.length} />
      </tbody>
    </table>
  );
}

/** Holds the place of rows that are not in the document. */
function Spacer({ rows, rowHeight, columns }: { rows: number; rowHeight: number; columns: number }) {
  if (rows <= 0) return null;
  return (
    <tr aria-hidden="true" className="spacer">
      <td colSpan={columns} style={{ height: rows * rowHeight }} />
    </tr>
  );
}

function Header({ column, view, onSort }: { column: Column; view: View; onSort: TableProps['onSort'] }) {
  const { sort, label, number, labelHidden } = column;
  const className = number ? 'number' : undefined;
  if (!sort)
    return (
      <th scope="col" className={className}>
        <span className={labelHidden ? 'hidden-visually' : undefined}>{label}</span>
      </th>
    );
  const active = view.sort === sort;
  return (
    <th scope="col" className={className} aria-sort={active ? (view.descending ? 'descending' : 'ascending') : undefined}>
      <button type="button" className="sort" onClick={() => onSort(sort, active && !view.descending)}>
        {label}
        {active && <Icon name={view.descending ? 'arrowDown' : 'arrowUp'} size={12} />}
      </button>
    </th>
  );
}

/** Chooses every row that the list shows, or none. */
function SelectHeader({ label, rows, selection }: { label: string; rows: Row[]; selection: Selection | null }) {
  const ids = rows.flatMap((row) => (row.kind === 'collector' ? [row.key] : []));
  const count = ids.filter((id) => selection?.ids.has(id)).length;
  const all = count === ids.length;
  return (
    <th scope="col" className="tight" aria-label={label}>
      <SelectBox
        label={t('selectAll')}
        checked={all}
        some={count > 0}
        onChange={() => (all ? selection?.clear() : selection?.choose(ids))}
      />
    </th>
  );
}

const NO_LINE: (number | null)[] = [];

/** Columns that are as wide as their control. */
const TIGHT = new Set(['select', 'actions']);

interface CollectorRowProps {
  id: string;
  place: number;
  columns: Column[];
  selected: boolean;
  onToggle: ((id: string) => void) | undefined;
  onMenu: (target: RowMenuTarget) => void;
}

/** Subscribes to its own collector, so an event draws one row again. */
const CollectorRow = memo(function CollectorRow({ id, place, columns, selected, onToggle, onMenu }: CollectorRowProps) {
  const collector = useSelector((state: Parameters<typeof collectorById>[0]) => collectorById(state, id));
  if (!collector) return null;
  return (
    <tr aria-rowindex={place + 2} className={selected ? 'selected' : undefined}>
      {columns.map((column) =>
        column.id === 'name' ? (
          <th key="name" scope="row">
            <Link to={`/collectors/${id}/overview`} data-row={id} className="name-link">
              {collector.name}
            </Link>
            <span className="host mono" data-tip={address(collector)}>
              {collector.host}
            </span>
          </th>
        ) : (
          <td key={column.id} className={column.number ? 'number' : TIGHT.has(column.id) ? 'tight' : undefined}>
            {column.id === 'select' ? (
              <SelectBox label={t('selectOne', { name: collector.name })} checked={selected} onChange={() => onToggle?.(id)} />
            ) : (
              <Cell column={column.id} collector={collector} onMenu={onMenu} />
            )}
          </td>
        ),
      )}
    </tr>
  );
});

function Cell({ column, collector, onMenu }: { column: string; collector: Collector; onMenu: CollectorRowProps['onMenu'] }) {
  switch (column) {
    case 'status':
      return <CollectorStatus collector={collector} quietWhenOnline />;
    case 'group':
      return collector.group ? <GroupName name={collector.group.name} color={collector.group.color} /> : MISSING;
    case 'environment':
      return environmentLabel(collector.environment);
    case 'heartbeat':
      return <Time value={collector.last_heartbeat} />;
    case 'cpu':
      return <Usage of="cpu" id={collector.id} value={collector.cpu_usage} />;
    case 'memory':
      return <Usage of="memory" id={collector.id} value={collector.memory_usage} />;
    case 'availability':
      return formatPercent(collector.uptime_percentage, 2);
    case 'metrics':
      return <span data-tip={String(collector.metrics_collected)}>{formatCompact(collector.metrics_collected)}</span>;
    case 'actions':
      return (
        <button
          type="button"
          className="button button-quiet button-icon row-actions"
          aria-label={t('actionsFor', { name: collector.name })}
          aria-haspopup="menu"
          onClick={(event) => onMenu({ collector, anchor: event.currentTarget })}
        >
          <Icon name="dots" />
        </button>
      );
    default:
      return null;
  }
}

export function GroupName({ name, color }: { name: string; color: string }) {
  return (
    <span className="group-name">
      <span className="swatch" style={{ background: color }} aria-hidden="true" />
      <span>{name}</span>
    </span>
  );
}

const USAGE_LINE = { width: 40, height: 18 };

/** The figure of now beside the line of the last hour. */
function Usage({ of, id, value }: { of: 'cpu' | 'memory'; id: string; value: number | null | undefined }) {
  const hour = useSelector((state: Parameters<typeof recentById>[0]) => recentById(state, id));
  const line = hour?.[`${of}_usage`] ?? NO_LINE;
  const known = line.filter((percent) => percent !== null);
  const most = formatPercent(Math.max(...known), 0);
  return (
    <span className="usage-line">
      {known.length > 1 && <Sparkline {...USAGE_LINE} label={t('lastHour', { of: t(of), most })} values={line} most={100} />}
      <span>{formatPercent(value, 0)}</span>
    </span>
  );
}
