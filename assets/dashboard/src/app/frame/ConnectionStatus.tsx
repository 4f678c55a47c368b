import { useSelector } from 'react-redux';
import type { Connection } from '../../api/live';
import type { AppState } from '../store';
import { t } from '../strings';

const WORDS: Record<Connection, string> = {
  connecting: '',
  live: t('live'),
  polling: t('polling'),
  offline: t('offline'),
};

export function ConnectionStatus() {
  const state = useSelector((app: AppState) => app.connection.state);
  return (
    <div role="status" aria-label={t('connection')} className={`connection connection-${state}`}>
      {WORDS[state]}
    </div>
  );
}
