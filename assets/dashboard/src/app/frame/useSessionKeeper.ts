import { useEffect } from 'react';
import { useRefreshSessionMutation } from '../../api/session';
import type { Session } from '../../api/types';

const LOOK_EVERY_MS = 60_000;
const RENEW_BEFORE_MS = 30 * 60_000;

/** Renews the session before it ends, while somebody has the page before them. */
export function useSessionKeeper({ expires_at }: Session): void {
  const [refresh] = useRefreshSessionMutation();
  useEffect(() => {
    if (!expires_at) return;
    const renew = () => {
      const left = Date.parse(expires_at) - Date.now();
      if (document.visibilityState === 'visible' && left < RENEW_BEFORE_MS) void refresh();
    };
    const timer = setInterval(renew, LOOK_EVERY_MS);
    return () => clearInterval(timer);
  }, [expires_at, refresh]);
}
