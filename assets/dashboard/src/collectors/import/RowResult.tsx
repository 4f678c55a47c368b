import { Icon, type IconName } from '../../ui/Icon';
import type { RowOutcome } from './rows';

const ICONS: Record<RowOutcome['status'], IconName> = { success: 'online', error: 'error', exists: 'stopped' };

/** What became of a row, in the words of the step. */
export function RowResult({ status, words }: { status: RowOutcome['status']; words: Record<RowOutcome['status'], string> }) {
  return (
    <span className={`row-result row-${status}`}>
      <Icon name={ICONS[status]} size={14} />
      {words[status]}
    </span>
  );
}
