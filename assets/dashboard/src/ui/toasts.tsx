// Short messages after an action. A success is said politely, a failure at
// once; both wait while the pointer or the focus is on them.
import { useEffect, useState, useSyncExternalStore } from 'react';
import { messages } from '../lib/messages';
import { Button, IconButton } from './Button';
import './overlay.css';

const t = messages({ dismiss: 'Dismiss', region: 'Notifications' });

const SHOWN_MS = 8000;
const MOST_TOASTS = 4;

interface Toast {
  id: number;
  text: string;
  failure: boolean;
  action?: { label: string; run: () => void };
}

let toasts: Toast[] = [];
let nextId = 1;
const listeners = new Set<() => void>();

function publish(next: Toast[]): void {
  toasts = next;
  listeners.forEach((listener) => listener());
}

export function toast(text: string, options: { failure?: boolean; action?: Toast['action'] } = {}): void {
  const added: Toast = { id: nextId++, text, failure: options.failure ?? false };
  if (options.action) added.action = options.action;
  publish([...toasts, added].slice(-MOST_TOASTS));
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
      {action && (
        <Button
          onClick={() => {
            dismiss(id);
            action.run();
          }}
        >
          {action.label}
        </Button>
      )}
      <IconButton icon="close" label={t('dismiss')} onClick={() => dismiss(id)} />
    </div>
  );
}
