// Short messages after an action. A success is said politely, a failure at
// once; both wait while the pointer or the focus is on them.
import { useEffect, useState, useSyncExternalStore } from 'react';
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
  /** The toast that this one follows: it takes its place, if it is still there. */
  after?: number;
}

interface Toast {
  id: number;
  text: string;
  failure: boolean;
  action: ToastAction | undefined;
}

let toasts: Toast[] = [];
let nextId = 1;
const listeners = new Set<() => void>();

function publish(next: Toast[]): void {
  toasts = next;
  listeners.forEach((listener) => listener());
}

/** Shows a message, and gives the number by which a later one may follow it. */
export function toast(text: string, { failure = false, action, after }: ToastOptions = {}): number {
  const added: Toast = { id: nextId++, text, failure, action };
  publish([...toasts.filter(({ id }) => id !== after), added].slice(-MOST_TOASTS));
  return added.id;
}

function dismiss(id: number): void {
  publish(toasts.filter((each) => each.id !== id));
}

export function Toasts() {
  const shown = useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => toasts,
  );
  return (
    <section className="toasts" aria-label={t('region')}>
      {shown.map((each) => (
        <ToastCard key={each.id} toast={each} />
      ))}
    </section>
  );
}

function ToastCard({ toast: { id, text, failure, action } }: { toast: Toast }) {
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
      {action && <ActionControl action={action} onDone={() => dismiss(id)} />}
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
