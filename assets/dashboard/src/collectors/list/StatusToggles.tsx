import { formatCount } from '../../lib/format';
import { StatusIcon, statusWord, type Status } from '../../ui/StatusWord';
import { t } from '../strings';

const ALWAYS: Status[] = ['online', 'slow', 'offline', 'stopped', 'error', 'pending'];
const TRANSIENT: Status[] = ['restarting', 'stopping'];

interface StatusTogglesProps {
  counts: Map<Status, number>;
  total: number;
  chosen: string[];
  onChange: (status: string[]) => void;
}

export function StatusToggles({ counts, total, chosen, onChange }: StatusTogglesProps) {
  const shown = [...ALWAYS, ...TRANSIENT.filter((status) => counts.has(status) || chosen.includes(status))];
  const toggle = (status: Status) => onChange(chosen.includes(status) ? chosen.filter((each) => each !== status) : [...chosen, status]);
  return (
    <div role="group" aria-label={t('filterByStatus')} className="toggles">
      <button type="button" className="toggle" aria-pressed={chosen.length === 0} onClick={() => onChange([])}>
        {t('total')} <strong>{formatCount(total)}</strong>
      </button>
      {shown.map((status) => (
        <button key={status} type="button" className="toggle" aria-pressed={chosen.includes(status)} onClick={() => toggle(status)}>
          <StatusIcon status={status} />
          {statusWord(status)} <strong>{formatCount(counts.get(status) ?? 0)}</strong>
        </button>
      ))}
    </div>
  );
}
