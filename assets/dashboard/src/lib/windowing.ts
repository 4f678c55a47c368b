// Which rows of a long list are in the document.

export interface Window {
  first: number;
  /** One past the last row. */
  end: number;
}

/** Lists up to this length are shown whole. */
export const WHOLE_LIST_ROWS = 100;
const OVERSCAN_ROWS = 8;

export function visibleWindow(scrollTop: number, viewportHeight: number, rowHeight: number, count: number): Window {
  if (count <= WHOLE_LIST_ROWS) return { first: 0, end: count };
  const top = Math.floor(scrollTop / rowHeight) - OVERSCAN_ROWS;
  const rows = Math.ceil(viewportHeight / rowHeight) + 2 * OVERSCAN_ROWS;
  const first = Math.max(0, Math.min(top, count - rows));
  return { first, end: Math.min(count, first + rows) };
}
