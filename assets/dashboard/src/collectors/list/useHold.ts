import { useEffect, useState, type RefObject } from 'react';

/**
 * Whether somebody is in this part of the page, with the pointer or the
 * focus. An element that goes away takes the focus along without a word, so
 * where the focus is gets looked up rather than remembered.
 */
export function useHold(place: RefObject<HTMLElement | null>): boolean {
  const [held, setHeld] = useState(false);
  useEffect(() => {
    const element = place.current;
    if (!element) return;
    let pointer = false;
    const look = () => setHeld(pointer || element.contains(document.activeElement));
    const enter = () => {
      pointer = true;
      look();
    };
    const leave = () => {
      pointer = false;
      look();
    };
    // The focus is between two places while it leaves one.
    const lookSoon = () => queueMicrotask(look);
    element.addEventListener('pointerenter', enter);
    element.addEventListener('pointerleave', leave);
    document.addEventListener('focusin', look);
    document.addEventListener('focusout', lookSoon);
    return () => {
      element.removeEventListener('pointerenter', enter);
      element.removeEventListener('pointerleave', leave);
      document.removeEventListener('focusin', look);
      document.removeEventListener('focusout', lookSoon);
    };
  }, [place]);
  return held;
}
