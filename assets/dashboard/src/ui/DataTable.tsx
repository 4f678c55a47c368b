// A plain table of a few columns. On a phone each row becomes a card in which
// the values stand beside the names of their columns; the roles stay, because
// CSS alone would take them away with the layout.
import { Fragment, useState, type Key, type ReactNode } from 'react';
import { messages } from '../lib/messages';
import { Button } from './Button';
import './data.css';

const t = messages({ more: { one: 'Show {n} more row', other: 'Show {n} more rows' } });

const SHOWN_AT_ONCE = 500;

export interface DataColumn<Row> {
  id: string;
  label: string;
  labelHidden?: boolean;
  number?: boolean;
  /** Names the row. */
  isHeader?: boolean;
  /** Shown instead of the label in the header, for example a box that selects all. */
  head?: ReactNode;
  cell: (row: Row) => ReactNode;
}

interface DataTableProps<Row> {
  label: string;
  columns: DataColumn<Row>[];
  rows: Row[];
  keyOf: (row: Row) => Key;
  className?: string;
  isSelected?: (row: Row) => boolean;
  /** What stands below a row, while there is something. */
  below?: (row: Row) => ReactNode;
}

export function DataTable<Row>({ label, columns, rows, keyOf, className = '', isSelected, below }: DataTableProps<Row>) {
  const [most, setMost] = useState(SHOWN_AT_ONCE);
  const left = rows.length - most;
  return (
    <>
      <div className={`scroll-x data-scroll ${className}`} role="region" aria-label={label} tabIndex={0}>
        <table className="table data-table" role="table" aria-label={label} aria-rowcount={left > 0 ? rows.length + 1 : undefined}>
          <thead role="rowgroup">
            <tr role="row">
              {columns.map((column) => (
                <HeadCell key={column.id} column={column} />
              ))}
            </tr>
          </thead>
          <tbody role="rowgroup">
            {rows.slice(0, most).map((row) => (
              <Fragment key={keyOf(row)}>
                <tr role="row" className={isSelected?.(row) ? 'selected' : undefined}>
                  {columns.map((column) => (
                    <DataCell key={column.id} column={column} row={row} />
                  ))}
                </tr>
                <BelowRow columns={columns.length}>{below?.(row)}</BelowRow>
              </Fragment>
            ))}
          </tbody>
        </table>
      </div>
      {left > 0 && (
        <p className="data-more">
          <Button onClick={() => setMost(most + SHOWN_AT_ONCE)}>{t('more', { n: Math.min(left, SHOWN_AT_ONCE) })}</Button>
        </p>
      )}
    </>
  );
}

function BelowRow({ columns, children }: { columns: number; children: ReactNode }) {
  if (!children) return null;
  return (
    <tr role="row" className="below-row">
      <td role="cell" colSpan={columns}>
        {children}
      </td>
    </tr>
  );
}

function HeadCell<Row>({ column }: { column: DataColumn<Row> }) {
  const { label, labelHidden, number, head } = column;
  return (
    <th scope="col" role="columnheader" className={number ? 'number' : undefined} aria-label={head ? label : undefined}>
      {head ?? <span className={labelHidden ? 'hidden-visually' : undefined}>{label}</span>}
    </th>
  );
}

function DataCell<Row>({ column, row }: { column: DataColumn<Row>; row: Row }) {
  const { label, labelHidden, number, isHeader, cell } = column;
  const wiring = { className: number ? 'number' : undefined, ...(labelHidden || isHeader ? {} : { 'data-label': label }) };
  return isHeader ? (
    <th scope="row" role="rowheader" {...wiring}>
      {cell(row)}
    </th>
  ) : (
    <td role="cell" {...wiring}>
      {cell(row)}
    </td>
  );
}
