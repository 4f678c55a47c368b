// The scrolling list of rows: a table, or cards on a phone. Only what is near
// the viewport is in the document once there are more than a hundred rows.
import { useLayoutEffect, useRef, useState } from 'react';
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
import type { Selection } from './useSelection';
import type { Row, Sort, View } from './view';

const ROW_HEIGHT = { compact: 36, comfortable: 48 };
const HEADER_HEIGHT = 36;

interface RowListProps {
  rows: Row[];
  view: View;
  /** Nothing for those who may not change many at once. */
  selection: Selection | null;
  onSort: (sort: Sort, descending: boolean) => void;
  phone: boolean;
}

type Region = React.RefObject<HTMLDivElement | null>;

export function RowList({ rows, view, selection, onSort, phone }: RowListProps) {
  const { density, hiddenColumns } = usePreferences();
  const mayOperate = useMay('operate');
  const region = useRef<HTMLDivElement>(null);
  const [menu, setMenu] = useState<RowMenuTarget | null>(null);
  const rowHeight = phone ? CARD_HEIGHT : ROW_HEIGHT[density];
  const visible = useVisibleRows(region, rows.length, rowHeight);
  useRowKeys(region, rows, rowHeight, selection?.toggle);

  const columns = COLUMNS.filter(
    ({ id }) => !hiddenColumns.includes(id) && (id !== 'actions' || mayOperate) && (id !== 'select' || selection),
  );
  const shared = { rows, visible, rowHeight, selection };
  return (
    <div
      className={rows.length > WHOLE_LIST_ROWS ? 'fleet-list fleet-list-long card' : 'fleet-list card'}
      role="region"
      aria-label={t('list')}
      tabIndex={0}
      ref={region}
    >
      {phone ? (
        <Cards {...shared} onMenu={mayOperate ? setMenu : undefined} />
      ) : (
        <Table {...shared} columns={columns} view={view} onSort={onSort} onMenu={setMenu} />
      )}
      <RowMenu target={menu} onClose={() => setMenu(null)} />
    </div>
  );
}

/** The window of rows, followed while the region scrolls or is resized. */
function useVisibleRows(region: Region, count: number, rowHeight: number): Window {
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

/** Frames to wait at most until a row that was scrolled to is in the document. */
const FOCUS_FRAMES = 10;

function focusRow(region: HTMLElement, id: string, frames = FOCUS_FRAMES): void {
  const row = region.querySelector<HTMLElement>(`[data-row="${CSS.escape(id)}"]`);
  if (row) row.focus({ preventScroll: true });
  else if (frames > 0) requestAnimationFrame(() => focusRow(region, id, frames - 1));
}

/** `j` and `k` move the focus from row to row; Enter then follows the link, `.` opens the row's menu, `x` chooses it. */
function useRowKeys(region: Region, rows: Row[], rowHeight: number, toggle: ((id: string) => void) | undefined): void {
  const last = useRef<string | null>(null);
  const move = (step: number) => {
    const element = region.current;
    const current = currentRow()?.querySelector('[data-row]')?.getAttribute('data-row') ?? last.current;
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
  const openMenu = () => currentRow()?.querySelector<HTMLElement>('.row-actions')?.click();
  const select = () => {
    const id = currentRow()?.querySelector('[data-row]')?.getAttribute('data-row');
    if (id) toggle?.(id);
  };
  useShortcuts({ j: () => move(1), k: () => move(-1), '.': openMenu, x: select });
}

/** The row or card that has the focus, on whichever of its controls. */
function currentRow(): Element | null {
  return document.activeElement?.closest('tr, .collector-card') ?? null;
}

/** The place of the next row in that direction that is no group heading. */
function nextCollector(rows: Row[], from: number, step: number): number {
  let place = from + step;
  while (rows[place]?.kind === 'group') place += step;
  return place;
}
