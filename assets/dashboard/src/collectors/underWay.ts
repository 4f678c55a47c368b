// Which collectors wait for a word of their agent, and since when. A stop or
// restart shows in the status, a resume only here. Nothing is kept beyond the
// page: after a reload the waiting counts from then.
import { useEffect, useState, useSyncExternalStore } from 'react';
import type { Collector } from '../api/types';

export const CONFIRMED_WITHIN_MS = 30_000;

const since = new Map<string, number>();
const resuming = new Set<string>();
const listeners = new Set<() => void>();

function isTransient(status: unknown): boolean {
  return status === 'stopping' || status === 'restarting';
}

/** A status that the live stream has told. */
export function noteStatus(id: string, status: unknown): void {
  if (!isTransient(status)) since.delete(id);
  else if (!since.has(id)) since.set(id, Date.now());
}

export function noteResuming(id: string, under: boolean): void {
  if (under) {
    resuming.add(id);
    since.set(id, Date.now());
  } else {
    resuming.delete(id);
    since.delete(id);
  }
  listeners.forEach((listener) => listener());
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export type Waiting = 'no' | 'yes' | 'late';

/** Whether something was asked of a collector that its agent has not confirmed. */
export function useWaiting({ id, status }: Pick<Collector, 'id' | 'status'>): Waiting {
  const isResuming = useSyncExternalStore(subscribe, () => resuming.has(id));
  const waiting = isResuming || isTransient(status);
  const [late, setLate] = useState(false);
  useEffect(() => {
    if (!waiting) return setLate(false);
    const began = since.get(id) ?? Date.now();
    since.set(id, began);
    const timer = setTimeout(() => setLate(true), Math.max(0, began + CONFIRMED_WITHIN_MS - Date.now()));
    return () => clearTimeout(timer);
  }, [id, waiting]);
  if (!waiting) return 'no';
  return late ? 'late' : 'yes';
}

export function useResuming(id: string): boolean {
  return useSyncExternalStore(subscribe, () => resuming.has(id));
}
