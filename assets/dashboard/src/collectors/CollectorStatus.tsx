import type { Collector } from '../api/types';
import { StatusWord } from '../ui/StatusWord';
import { t } from './strings';
import { useResuming, useWaiting } from './underWay';

interface CollectorStatusProps {
  collector: Pick<Collector, 'id' | 'status' | 'status_reason'>;
  quietWhenOnline?: boolean;
}

/** The server's status, and what it cannot know: how long somebody here has waited for a confirmation. */
export function CollectorStatus({ collector, quietWhenOnline = false }: CollectorStatusProps) {
  const waiting = useWaiting(collector);
  const resuming = useResuming(collector.id);
  const reason = waiting === 'late' ? t('noConfirmation') : resuming ? t('resuming') : collector.status_reason;
  return <StatusWord status={collector.status} reason={reason} quietWhenOnline={quietWhenOnline} />;
}
