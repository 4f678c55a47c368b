// The one status of a collector: icon, word and, where there is room, reason.
import { messages } from '../lib/messages';
import { Icon, type IconName } from './Icon';
import './status.css';

const t = messages({
  online: 'Online',
  slow: 'Slow',
  offline: 'Offline',
  stopped: 'Stopped',
  error: 'Error',
  pending: 'Pending',
  restarting: 'Restarting',
  stopping: 'Stopping',
  archived: 'Archived',
});

export type Status = 'online' | 'slow' | 'offline' | 'stopped' | 'error' | 'pending' | 'restarting' | 'stopping' | 'archived';

/** Worst first, as lists of trouble are sorted. */
export const STATUS_ORDER: Status[] = ['error', 'offline', 'slow', 'pending', 'stopping', 'restarting', 'stopped', 'online', 'archived'];

const ICONS: Record<Status, IconName> = {
  online: 'online',
  slow: 'slow',
  offline: 'offline',
  stopped: 'stopped',
  error: 'error',
  pending: 'pending',
  restarting: 'refresh',
  stopping: 'stopped',
  archived: 'stopped',
};

export function statusWord(status: Status): string {
  return t(status);
}

interface StatusWordProps {
  status: Status;
  reason?: string | null | undefined;
  /** In lists, where the reason of what is well would only repeat itself. */
  quietWhenOnline?: boolean;
}

export function StatusWord({ status, reason, quietWhenOnline = false }: StatusWordProps) {
  if (quietWhenOnline && status === 'online') return <StatusBadge status={status} reason={reason} />;
  return (
    <span className="status">
      <StatusBadge status={status} />{' '}
      {reason && (
        <span className="status-reason" data-tip={reason}>
          {reason}
        </span>
      )}
    </span>
  );
}

/** The word on its tint; the reason, if given here, is its description. */
function StatusBadge({ status, reason }: { status: Status; reason?: string | null | undefined }) {
  return (
    <span className={`status-word status-${status}`} data-tip={reason || undefined} aria-description={reason || undefined}>
      <Icon name={ICONS[status]} size={14} />
      {t(status)}
    </span>
  );
}

export function StatusIcon({ status }: { status: Status }) {
  return (
    <span className={`status-icon status-${status}`}>
      <Icon name={ICONS[status]} size={14} />
    </span>
  );
}
