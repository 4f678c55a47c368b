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

export function StatusWord({ status, reason }: { status: Status; reason?: string | null | undefined }) {
  return (
    <span className="status">
      <span className={`status-word status-${status}`}>
        <Icon name={ICONS[status]} size={14} />
        {t(status)}
      </span>
      {reason && (
        <span className="status-reason" data-tip={reason}>
          {reason}
        </span>
      )}
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
