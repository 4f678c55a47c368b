// Short messages after an action. A success is said politely, a failure at
// once; both wait while the pointer or the focus is on them.
import { useEffect, useState, useSyncExternalStore } from 'react';
import { createPortal } from 'react-dom';
import { messages } from '../lib/messages';
import { Button, ButtonLink, IconButton } from './Button';
import './overlay.css';

const t = messages({ dismiss: 'Dismiss', region: 'Notifications' });

const SHOWN_MS = 8000;
const MOST_TOASTS = 4;

/** What a toast offers: something to do, or a page to go to. */
type ToastAction = { label: string; run: () => void } | { label: string; to: string };

interface ToastOptions {
  failure?: boolean;
  action?: ToastAction | undefined;
  /** Where more of it can be read, beside the action. */
  more?: ToastAction | undefined;
  /** The toast that this one follows: it takes its place, if it is still there. */
  after?: number;
}

interface Toast {
  id: number;
  text: string;
  failure: boolean;
  actions: ToastAction[];
}

let toasts: Toast[] = [];
let nextId = 1;
const listeners = new Set<() => void>();

function publish(next: Toast[]): void {
  toasts = next;
  listeners.forEach((listener) => listener());
}

/** Shows a message, and gives the number by which a later one may follow it. */
export function toast(text: string, { failure = false, action, more, after }: ToastOptions = {}): number {
  const added: Toast = { id: nextId++, text, failure, actions: [action, more].filter((each) => each !== undefined) };
  publish([...toasts.filter(({ id }) => id !== after), added].slice(-MOST_TOASTS));
  return added.id;
}

function dismiss(id: number): void {
  publish(toasts.filter((each) => each.id !== id));
}

/** The open dialogs. The page behind them is hidden from screen readers, and with it what would be said there. */
let dialogs: Element[] = [];

/** Messages are shown beside this dialog until it closes. */
export function showToastsIn(dialog: Element): () => void {
  dialogs = [...dialogs, dialog];
  listeners.forEach((listener) => listener());
  return () => {
    dialogs = dialogs.filter((each) => each !== dialog);
    listeners.forEach((listener) => listener());
  };
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function Toasts() {
  const shown = useSyncExternalStore(subscribe, () => toasts);
  const dialog = useSyncExternalStore(subscribe, () => dialogs.at(-1));
  const list = (
    <section className="toasts" aria-label={t('region')}>
      {shown.map((each) => (
        <ToastCard key={each.id} toast={each} />
      ))}
    </section>
  );
  return dialog ? createPortal(list, dialog) : list;
}

function ToastCard({ toast: { id, text, failure, actions } }: { toast: Toast }) {
  const [held, setHeld] = useState(false);
  useEffect(() => {
    if (held) return;
    const timer = setTimeout(() => dismiss(id), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [held, id]);
  return (
    <div
      className={failure ? 'toast toast-failure' : 'toast'}
      role={failure ? 'alert' : 'status'}
      onPointerEnter={() => setHeld(true)}
      onPointerLeave={() => setHeld(false)}
      onFocus={() => setHeld(true)}
      onBlur={() => setHeld(false)}
    >
      <p>{text}</p>
      {actions.map((action) => (
        <ActionControl key={action.label} action={action} onDone={() => dismiss(id)} />
      ))}
      <IconButton icon="close" label={t('dismiss')} onClick={() => dismiss(id)} />
    </div>
  );
}

function ActionControl({ action, onDone }: { action: ToastAction; onDone: () => void }) {
  if ('to' in action)
    return (
      <ButtonLink to={action.to} onClick={onDone}>
        {action.label}
      </ButtonLink>
    );
  return (
    <Button
      onClick={() => {
        onDone();
        action.run();
      }}
    >
      {action.label}
    </Button>
  );
}
