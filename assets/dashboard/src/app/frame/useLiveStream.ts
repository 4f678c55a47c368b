import { useEffect, useRef } from 'react';
import { useStore } from 'react-redux';
import { openLiveStream, type LiveStream } from '../../api/live';
import { applyCollectorEvents, refetchFleet } from '../../collectors/liveUpdates';
import type { AppState } from '../store';
import type { Store } from '@reduxjs/toolkit';

/** Keeps the live stream open while somebody is signed in. */
export function useLiveStream() {
  const store = useStore() as Store<AppState>;
  const stream = useRef<LiveStream | null>(null);
  useEffect(() => {
    const opened = openLiveStream(store, {
      onEvents: (events) => applyCollectorEvents(store, events),
      onResync: () => refetchFleet(store),
    });
    stream.current = opened;
    return () => opened.close();
  }, [store]);
  return stream;
}
