// Where the focus goes back to when a dialog or menu closes. The element that
// opened it may be gone by then: a menu's item always is.
import { useEffect } from 'react';

const OVERLAY = '[role=dialog], [role=menu], [role=presentation]';

let last: HTMLElement | null = null;

if (typeof document !== 'undefined') {
  document.addEventListener('focusin', ({ target }) => {
    if (target instanceof HTMLElement && !target.closest(OVERLAY)) last = target;
  });
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
