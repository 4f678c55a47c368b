import { LeaveDialog, LeaveGuard } from '../../ui/LeaveGuard';
import { t } from './strings';

const WORDS = { title: t('leave'), stay: t('stay'), leave: t('leaveNow'), children: t('leaveWhy') };

/** Asks before a page with tokens is left that nobody has stored. */
export function TokenGuard({ when }: { when: boolean }) {
  return <LeaveGuard when={when} {...WORDS} />;
}

/** The same question, before a dialog with a token is closed. */
export function LeaveTokenDialog({ onStay, onLeave }: { onStay: () => void; onLeave: () => void }) {
  return <LeaveDialog {...WORDS} onStay={onStay} onLeave={onLeave} />;
}
