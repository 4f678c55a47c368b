import { useSelector } from 'react-redux';
import { formatClock } from '../../lib/time';
import { Button } from '../../ui/Button';
import { Icon } from '../../ui/Icon';
import type { AppState } from '../store';
import { t } from '../strings';

/** Says that the page is no longer live, and how old what it shows is. */
export function LiveBanner({ onReconnect }: { onReconnect: () => void }) {
  const { state, asOf } = useSelector((app: AppState) => app.connection);
  const lost = state === 'polling' || state === 'offline';
  return (
    <div role="status" className="live-banner" hidden={!lost}>
      {lost && (
        <>
          <Icon name="slow" />
          <span>{t('lost')}</span>
          {state === 'offline' && <span>{t('unreachable')}</span>}
          {asOf !== null && <span className="muted">{t('asOf', { time: formatClock(asOf) })}</span>}
          <Button onClick={onReconnect}>{t('reconnect')}</Button>
        </>
      )}
    </div>
  );
}
