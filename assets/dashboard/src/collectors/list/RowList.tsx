// The scrolling list of rows: a table, or cards on a phone. Only what is near
// the viewport is in the document once there are more than a hundred rows.
import { useEffect, useLayoutEffect, useRef, useState } from 'react';
import { flushSync } from 'react-dom';
import { useMay } from '../../api/session';
import { usePreferences } from '../../lib/hooks';
import { visibleWindow, WHOLE_LIST_ROWS, type Window } from '../../lib/windowing';
import { useShortcuts } from '../../ui/shortcuts';
import { t } from '../strings';
import { Cards, CARD_HEIGHT } from './Cards';
import { COLUMNS } from './columns';
import { RowMenu, type RowMenuTarget } from './RowMenu';
import { Table } from './Table';
import type { Row, Sort, View } from './view';

const ROW_HEIGHT = { compact: 36, comfortable: 48 };
const HEADER_HEIGHT = 36;

interface RowListProps {
  rows: Row[];
  view: View;
  onSort: (sort: Sort, descending: boolean) => void;
  /** True while pointer or focus are in the list. */
  onHold: (held: boolean) => void;
  phone: boolean;
}

export function RowList({ rows, view, onSort, onHold, phone }: RowListProps) {
  const { density, hiddenColumns } = usePreferences();
  const mayOperate = useMay('operate');
  const region = useRef<HTMLDivElement>(null);
  const [menu, setMenu] = useState<RowMenuTarget | null>(null);
  const rowHeight = phone ? CARD_HEIGHT : ROW_HEIGHT[density];
  const visible = useVisibleRows(region, rows.length, rowHeight);
  const hold = useHold(onHold);
  useRowKeys(region, rows, rowHeight);

  const columns = COLUMNS.filter(({ id }) => !hiddenColumns.includes(id) && (id !== 'actions' || mayOperate));
  const shared = { rows, visible, rowHeight };
  return (
    <div
      className={rows.length > WHOLE_LIST_ROWS ? 'fleet-list fleet-list-long card' : 'fleet-list card'}
      role="region"
      aria-label={t('list')}
      tabIndex={0}
      ref={region}
      {...hold}
    >
      {phone ? <Cards {...shared} /> : <Table {...shared} columns={columns} view={view} onSort={onSort} onMenu={setMenu} />}
      <RowMenu target={menu} onClose={() => setMenu(null)} />
    </div>
  );
}

/** The window of rows, followed while the region scrolls or is resized. */
function useVisibleRows(region: React.RefObject<HTMLDivElement | null>, count: number, rowHeight: number): Window {
  const [visible, setVisible] = useState<Window>(() => visibleWindow(0, innerHeight, rowHeight, count));
  useLayoutEffect(() => {
    const element = region.current;
    if (!element) return;
    const measure = () => {
      const next = visibleWindow(element.scrollTop, element.clientHeight, rowHeight, count);
      setVisible((old) => (old.first === next.first && old.end === next.end ? old : next));
    };
    measure();
    const resized = new ResizeObserver(measure);
    resized.observe(element);
    element.addEventListener('scroll', measure, { passive: true });
    // Paper has no scroll bar: all rows are printed.
    const showAll = () => flushSync(() => setVisible({ first: 0, end: count }));
    addEventListener('beforeprint', showAll);
    addEventListener('afterprint', measure);
    return () => {
      resized.disconnect();
      element.removeEventListener('scroll', measure);
      removeEventListener('beforeprint', showAll);
      removeEventListener('afterprint', measure);
    };
  }, [region, count, rowHeight]);
  return visible.end <= count ? visible : visibleWindow(0, innerHeight, rowHeight, count);
}

function useHold(onHold: (held: boolean) => void) {
  const inside = useRef({ pointer: false, focus: false });
  const note = (change: Partial<typeof inside.current>) => {
    Object.assign(inside.current, change);
    onHold(inside.current.pointer || inside.current.focus);
  };
  useEffect(() => () => onHold(false), [onHold]);
  return {
    onPointerEnter: () => note({ pointer: true }),
    onPointerLeave: () => note({ pointer: false }),
    onFocus: () => note({ focus: true }),
    onBlur: (event: React.FocusEvent) => note({ focus: event.currentTarget.contains(event.relatedTarget) }),
  };
}

/** Frames to wait at most until a row that was scrolled to is in the document. */
const FOCUS_FRAMES = 10;

function focusRow(region: HTMLElement, id: string, frames = FOCUS_FRAMES): void {
  const row = region.querySelector<HTMLElement>(`[data-row="${CSS.escape(id)}"]`);
  if (row) row.focus({ preventScroll: true });
  else if (frames > 0) requestAnimationFrame(() => focusRow(region, id, frames - 1));
}

/** `j` and `k` move the focus from row to row; Enter then follows the link, `.` opens the row's menu. */
function useRowKeys(region: React.RefObject<HTMLDivElement | null>, rows: Row[], rowHeight: number): void {
  const last = useRef<string | null>(null);
  const move = (step: number) => {
    const element = region.current;
    const current = document.activeElement?.getAttribute('data-row') ?? last.current;
    const at = rows.findIndex(({ key }) => key === current);
    // Without a current row the first one on screen is next.
    const from = at === -1 ? Math.ceil((element?.scrollTop ?? 0) / rowHeight) - 1 : at;
    const next = nextCollector(rows, from, at === -1 ? 1 : step);
    const id = rows[next]?.key;
    if (!id || !element) return;
    last.current = id;
    const top = next * rowHeight;
    const bottom = top + rowHeight + HEADER_HEIGHT;
    if (top < element.scrollTop) element.scrollTop = top;
    if (bottom > element.scrollTop + element.clientHeight) element.scrollTop = bottom - element.clientHeight;
    focusRow(element, id);
  };
  const openMenu = () => document.activeElement?.closest('tr')?.querySelector<HTMLElement>('.row-actions')?.click();
  useShortcuts({ j: () => move(1), k: () => move(-1), '.': openMenu });
}

/** The place of the next row in that direction that is no group heading. */
function nextCollector(rows: Row[], from: number, step: number): number {
  let place = from + step;
  while (rows[place]?.kind === 'group') place += step;
  return place;
}
