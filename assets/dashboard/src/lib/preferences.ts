// What one person prefers in this browser. Kept in local storage, because it
// is about the screen, not about the account; nothing secret is ever in it.

export type Theme = 'system' | 'light' | 'dark';
export type Density = 'compact' | 'comfortable';
export type TimeFormat = 'relative' | 'absolute';

export interface SavedView {
  name: string;
  query: string;
}

export interface Preferences {
  theme: Theme;
  density: Density;
  timeFormat: TimeFormat;
  /** `browser`, `UTC` or a name of the zone database. */
  timeZone: string;
  language: string;
  singleKeys: boolean;
  railCollapsed: boolean;
  /** Columns of the collectors table that are switched off. */
  hiddenColumns: string[];
  /** Views of the collectors table, by the query of their address. */
  savedViews: SavedView[];
}

// public/theme.js reads the same key before the first paint.
const STORAGE_KEY = 'pganalytics.preferences';

const DEFAULTS: Preferences = {
  theme: 'system',
  density: 'compact',
  timeFormat: 'relative',
  timeZone: 'browser',
  language: 'en',
  singleKeys: true,
  railCollapsed: false,
  hiddenColumns: [],
  savedViews: [],
};

let current: Preferences = { ...DEFAULTS, ...read() };
const listeners = new Set<() => void>();

function read(): Partial<Preferences> {
  try {
    return JSON.parse(localStorage.getItem(STORAGE_KEY) ?? '{}') as Partial<Preferences>;
  } catch {
    return {};
  }
}

export function preferences(): Preferences {
  return current;
}

export function setPreferences(change: Partial<Preferences>): void {
  current = { ...current, ...change };
  try {
    localStorage.setItem(STORAGE_KEY, JSON.stringify(current));
  } catch {
    // Storage may be full or blocked; the choice then lasts for this page.
  }
  applyToDocument();
  listeners.forEach((listener) => listener());
}

export function onPreferences(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

let printing = false;

/** Paper is light, also for what is drawn with the colours of the theme. */
export function isDark(): boolean {
  if (printing) return false;
  if (current.theme !== 'system') return current.theme === 'dark';
  return matchMedia('(prefers-color-scheme: dark)').matches;
}

/** Puts theme and density on the root element, where tokens.css looks. */
export function applyToDocument(): void {
  const root = document.documentElement;
  root.dataset.theme = isDark() ? 'dark' : 'light';
  root.dataset.density = current.density;
}

/** Follows the system's theme and what other tabs of this browser choose. */
export function followEnvironment(): void {
  const changed = () => {
    applyToDocument();
    current = { ...current };
    listeners.forEach((listener) => listener());
  };
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', changed);
  const print = (now: boolean) => () => {
    printing = now;
    changed();
  };
  addEventListener('beforeprint', print(true));
  addEventListener('afterprint', print(false));
  addEventListener('storage', (event) => {
    if (event.key !== STORAGE_KEY) return;
    current = { ...DEFAULTS, ...read() };
    changed();
  });
}
