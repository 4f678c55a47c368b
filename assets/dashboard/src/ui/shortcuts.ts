// Keyboard shortcuts. A page offers its keys while it is shown; the newest
// offer wins. Single keys are ignored while typing, while a dialog or menu is
// open, and when the person has switched them off.
import { useEffect } from 'react';
import { useLatest } from '../lib/hooks';
import { preferences } from '../lib/preferences';

/** `/`, `j`, or a sequence such as `g c`. */
export type Shortcuts = Record<string, () => void>;

const SEQUENCE_WITHIN_MS = 1200;
const offers: { current: Shortcuts }[] = [];
let prefix = '';
let prefixAt = 0;

export function useShortcuts(shortcuts: Shortcuts): void {
  const latest = useLatest(shortcuts);
  useEffect(() => {
    offers.push(latest);
    return () => {
      offers.splice(offers.indexOf(latest), 1);
    };
  }, [latest]);
}

function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  return (
    target.isContentEditable ||
    target.matches('input:not([type=checkbox], [type=radio]), textarea, select, [role=combobox], [role=listbox], [role=menu] *')
  );
}

function find(key: string): (() => void) | undefined {
  for (const offer of offers.toReversed()) if (offer.current[key]) return offer.current[key];
  return undefined;
}

function startsSequence(key: string): boolean {
  return offers.some((offer) => Object.keys(offer.current).some((name) => name.startsWith(`${key} `)));
}

/** Handles one key; returns whether it was a shortcut. */
function press(key: string, now: number): boolean {
  const sequence = prefix && now - prefixAt < SEQUENCE_WITHIN_MS ? `${prefix} ${key}` : '';
  prefix = '';
  const run = (sequence && find(sequence)) || find(key);
  if (run) {
    run();
    return true;
  }
  if (startsSequence(key)) {
    prefix = key;
    prefixAt = now;
  }
  return false;
}

/** Listens for the page; `onPalette` answers Ctrl K, which always works. */
export function useShortcutListener(onPalette: () => void): void {
  const palette = useLatest(onPalette);
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if ((event.ctrlKey || event.metaKey) && !event.altKey && event.key.toLowerCase() === 'k') {
        event.preventDefault();
        return palette.current();
      }
      if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
      if (!preferences().singleKeys || isTyping(event.target)) return;
      if (document.querySelector('[role=dialog], [role=menu]')) return;
      if (press(event.key, event.timeStamp)) event.preventDefault();
    };
    document.addEventListener('keydown', onKey);
    return () => document.removeEventListener('keydown', onKey);
  }, [palette]);
}
