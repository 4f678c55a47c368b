// The live stream: one WebSocket for the page. It hands batches of events to
// listeners, and tells them to fetch again when events were missed. It knows
// nothing about what the events mean.
import { createSlice, type PayloadAction, type Store } from '@reduxjs/toolkit';
import type { LiveEvent } from './types';

export type Connection = 'connecting' | 'live' | 'polling' | 'offline';

const FLUSH_MS = 200;
/** Events wait this long at most while the page scrolls. */
const SCROLL_HOLD_MS = 1000;
const SCROLL_SETTLED_MS = 120;
const DOWN_AFTER_MS = 3000;
const POLL_MS = 10_000;
const RETRY_LEAST_MS = 1000;
const RETRY_MOST_MS = 30_000;
/** A dead peer is noticed by the missing answer to a ping. */
const PING_MS = 20_000;
const SILENCE_MS = 45_000;
/** Beyond this many waiting events fetching again is cheaper. */
const MOST_WAITING = 5000;
/** So long the first look at the fleet waits for the stream, and no longer. */
const SNAPSHOT_WAITS_MS = 500;

let settleStart: () => void = () => {};
const start = new Promise<void>((resolve) => {
  settleStart = resolve;
});

/** Resolves once events arrive, or when the stream takes too long. */
export function liveOrLate(): Promise<void> {
  return Promise.race([start, new Promise<void>((resolve) => setTimeout(resolve, SNAPSHOT_WAITS_MS))]);
}

const connectionSlice = createSlice({
  name: 'connection',
  initialState: { state: 'connecting' as Connection, asOf: null as number | null },
  reducers: {
    connectionChanged(draft, action: PayloadAction<Connection>) {
      if (draft.state === 'live' && action.payload !== 'live') draft.asOf = Date.now();
      draft.state = action.payload;
    },
    polled(draft, action: PayloadAction<number>) {
      draft.asOf = action.payload;
    },
  },
});

export const { connectionChanged, polled } = connectionSlice.actions;
export const connectionReducer = connectionSlice.reducer;

export interface LiveListener {
  /** Events in the order of their sequence, at most every 200 ms. */
  onEvents(events: LiveEvent[]): void;
  /** Something was missed: fetch again. Resolves to false when the server is away. */
  onResync(): Promise<boolean>;
}

export interface LiveStream {
  reconnectNow(): void;
  close(): void;
}

export function openLiveStream(store: Store, listener: LiveListener): LiveStream {
  let socket: WebSocket | null = null;
  let closed = false;
  let attempts = 0;
  let lastSeq: number | null = null;
  let lastMessageAt = Date.now();
  /** What was fetched until then may lack what happened before this stream was there. */
  const openedAt = Date.now();
  let everLive = false;
  let subscribed = false;
  let waiting: LiveEvent[] = [];
  let waitingSince = 0;
  let lastScrollAt = 0;
  const timers = new Map<string, ReturnType<typeof setTimeout>>();

  const after = (name: string, delayMs: number, run: () => void) => {
    clearTimeout(timers.get(name));
    timers.set(name, setTimeout(run, delayMs));
  };
  const cancel = (name: string) => {
    clearTimeout(timers.get(name));
    timers.delete(name);
  };

  function connect(): void {
    cancel('retry');
    const scheme = location.protocol === 'https:' ? 'wss:' : 'ws:';
    const opened = new WebSocket(`${scheme}//${location.host}/api/v1/ws`);
    socket = opened;
    opened.onopen = () => {
      attempts = 0;
      lastMessageAt = Date.now();
      cancel('down');
      cancel('poll');
      lastSeq = null;
      subscribed = false;
      opened.send(JSON.stringify({ action: 'subscribe', collector_id: '*', batch: true }));
      // Messages are answered in their order: the answer to this one says that the subscription holds.
      opened.send(JSON.stringify({ action: 'ping' }));
    };
    opened.onmessage = (message) => receive(String(message.data));
    opened.onclose = () => socket === opened && lost();
  }

  /** From here on no event is missed. What happened before is fetched, not replayed. */
  function live(): void {
    subscribed = true;
    settleStart();
    if (everLive || Date.now() - openedAt > SNAPSHOT_WAITS_MS) void listener.onResync();
    everLive = true;
    store.dispatch(connectionChanged('live'));
    ping();
  }

  function ping(): void {
    after('ping', PING_MS, () => {
      if (Date.now() - lastMessageAt > SILENCE_MS) return drop();
      if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify({ action: 'ping' }));
      ping();
    });
  }

  function drop(): void {
    const old = socket;
    socket = null;
    old?.close();
    lost();
  }

  function lost(): void {
    socket = null;
    cancel('ping');
    if (closed) return;
    if (!timers.has('down') && !timers.has('poll')) after('down', DOWN_AFTER_MS, poll);
    const ceiling = Math.min(RETRY_MOST_MS, RETRY_LEAST_MS * 2 ** attempts);
    attempts += 1;
    after('retry', ceiling / 2 + (Math.random() * ceiling) / 2, connect);
  }

  async function poll(): Promise<void> {
    cancel('down');
    after('poll', POLL_MS, () => void poll());
    const reached = await listener.onResync();
    if (closed || (subscribed && socket?.readyState === WebSocket.OPEN)) return;
    store.dispatch(connectionChanged(reached ? 'polling' : 'offline'));
    if (reached) store.dispatch(polled(Date.now()));
  }

  function receive(text: string): void {
    lastMessageAt = Date.now();
    if (!subscribed) live();
    const message = JSON.parse(text) as LiveEvent & { events?: LiveEvent[] };
    for (const event of message.type === 'batch' ? (message.events ?? []) : [message]) accept(event);
  }

  function accept(event: LiveEvent): void {
    if (event.type === 'resync') return missed();
    // Answers to a ping have a sequence too, but are no events.
    if (!event.type.includes(':')) return;
    const gap = lastSeq !== null && event.seq > lastSeq + 1;
    if (lastSeq !== null && event.seq <= lastSeq) return;
    lastSeq = event.seq;
    if (gap) return missed();
    if (waiting.length === 0) {
      waitingSince = Date.now();
      after('flush', FLUSH_MS, flush);
    }
    waiting.push(event);
    if (waiting.length > MOST_WAITING) missed();
  }

  function missed(): void {
    waiting = [];
    void listener.onResync();
  }

  function flush(): void {
    const now = Date.now();
    if (now - lastScrollAt < SCROLL_SETTLED_MS && now - waitingSince < SCROLL_HOLD_MS) {
      after('flush', SCROLL_SETTLED_MS, flush);
      return;
    }
    const events = waiting;
    waiting = [];
    if (events.length > 0) listener.onEvents(events);
  }

  const scrolled = () => {
    lastScrollAt = Date.now();
  };
  const reconnectNow = () => {
    attempts = 0;
    if (socket === null) connect();
  };
  addEventListener('scroll', scrolled, { capture: true, passive: true });
  addEventListener('online', reconnectNow);
  connect();

  return {
    reconnectNow,
    close() {
      closed = true;
      removeEventListener('scroll', scrolled, { capture: true });
      removeEventListener('online', reconnectNow);
      timers.forEach((timer) => clearTimeout(timer));
      socket?.close();
    },
  };
}
