// How high each entry is, so that only those near the viewport need to be in
// the document. Messages stand in a font of fixed width: how many lines one
// takes follows from its length.
import type { LogEntry } from '../../../api/types';
import { WHOLE_LIST_ROWS, type Window } from '../../../lib/windowing';

export interface LineLayout {
  /** Letters in a line; infinite where lines are not wrapped. */
  letters: number;
  /** Pixels of an entry beside the lines of its message. */
  besidePx: number;
}

const LINE_PX = 20;
const OVERSCAN_PX = 240;

function linesOf(message: string, letters: number): number {
  if (!Number.isFinite(letters)) return 1;
  return message.split('\n').reduce((lines, line) => lines + Math.max(1, Math.ceil(line.length / letters)), 0);
}

/** Where each entry begins, and at the end where the last one ends. */
export function tops(entries: readonly LogEntry[], { letters, besidePx }: LineLayout): number[] {
  const result = [0];
  for (const { message } of entries) result.push((result.at(-1) ?? 0) + besidePx + LINE_PX * linesOf(message, letters));
  return result;
}

/** The first entry that ends below a place. */
export function entryAt(top: readonly number[], place: number): number {
  let low = 0;
  let high = top.length - 2;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((top[middle + 1] as number) <= place) low = middle + 1;
    else high = middle;
  }
  return Math.max(0, low);
}

export function windowOf(top: readonly number[], scrollTop: number, height: number): Window {
  const count = top.length - 1;
  if (count <= WHOLE_LIST_ROWS) return { first: 0, end: count };
  return { first: entryAt(top, scrollTop - OVERSCAN_PX), end: Math.min(count, entryAt(top, scrollTop + height + OVERSCAN_PX) + 1) };
}
