import { useEffect, useRef, useState } from 'react';
import { Icon } from '../../ui/Icon';
import { useCollectorQuery } from '../api';
import { t } from './strings';

const POLL_MS = 5000;

/**
 * Whether the agent has been heard since the token was handed out. Follows
 * the live stream, and asks now and then in case the stream is down.
 */
export function FirstHeartbeat({ id, isNew }: { id: string; isNew: boolean }) {
  const [received, setReceived] = useState(false);
  const { data, isFetching } = useCollectorQuery(id, { pollingInterval: received ? 0 : POLL_MS, refetchOnMountOrArgChange: true });
  // A collector that had a token before has been heard before.
  const known = useRef<string | null | undefined>(isNew ? null : undefined);
  const last = data?.last_heartbeat ?? null;
  useEffect(() => {
    if (!data || (known.current === undefined && isFetching)) return;
    if (known.current === undefined) known.current = last;
    if (last !== known.current) setReceived(true);
  }, [data, isFetching, last]);
  return (
    <p role="status" aria-label={t('heartbeat')} className={received ? 'first-heartbeat first-heartbeat-done' : 'first-heartbeat'}>
      {received ? <Icon name="online" /> : <span className="spinner" aria-hidden="true" />}
      {t(received ? 'received' : 'waiting')}
    </p>
  );
}
