// Where the focus goes when what had it goes away: a dialog, a menu, a row, a
// button that has done its work. The element that opened an overlay may be
// gone by then too: a menu's item always is.
import { useEffect, type RefObject } from 'react';

const OVERLAY = '[role=dialog], [role=menu], [role=presentation]';

let last: HTMLElement | null = null;
/** Whether the page was last used with the keyboard. */
let keyboard = false;
/** Whether the focus was taken from the last element, which is still there. */
let left = false;

if (typeof document !== 'undefined') {
  document.addEventListener('focusin', ({ target }) => {
    left = false;
    if (target instanceof HTMLElement && !target.closest(OVERLAY)) last = target;
  });
  document.addEventListener('focusout', ({ target }) => {
    // Some browsers say so too of an element that goes away, just before it does.
    queueMicrotask(() => {
      if (document.activeElement === document.body) left = target instanceof Node && target.isConnected;
    });
  });
  document.addEventListener('keydown', () => (keyboard = true), true);
  document.addEventListener('pointerdown', () => (keyboard = false), true);
}

/** Puts the focus back on the page where it was last, if it went nowhere. */
function giveBack(): void {
  const focused = document.activeElement;
  if (focused && focused !== document.body) return;
  const place = last?.isConnected ? last : document.getElementById('main');
  place?.focus({ preventScroll: true });
}

/** For an overlay: once it is closed, the focus is on the page again. */
export function useFocusReturn(): void {
  useEffect(
    () => () => {
      // The overlay's own way back comes first, and another overlay may have opened in its place.
      setTimeout(() => document.querySelector('[role=dialog], [role=menu]') ?? giveBack());
    },
    [],
  );
}

/** For a place whose parts come and go: somebody at the keyboard whose part is gone goes on in its list. */
export function useFocusKept(place: RefObject<HTMLElement | null>): void {
  useEffect(() => {
    if (document.activeElement !== document.body || !last || last.isConnected || left || !keyboard) return;
    place.current?.querySelector<HTMLElement>('[role=region]')?.focus({ preventScroll: true });
  });
}
