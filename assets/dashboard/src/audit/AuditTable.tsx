import { Fragment, useState } from 'react';
import type { AuditEntry } from '../api/types';
import { Button } from '../ui/Button';
import { ChangesTable } from '../ui/ChangesTable';
import { Time } from '../ui/Time';
import { fieldChanges, type FieldChange } from './changes';
import { t } from './strings';

const COLUMNS = 6;

export function AuditTable({ entries }: { entries: AuditEntry[] }) {
  const [open, setOpen] = useState<number | null>(null);
  return (
    <div className="scroll-x" tabIndex={0} role="region" aria-label={t('title')}>
      <table className="table audit-table" aria-label={t('title')}>
        <thead>
          <tr>
            <th scope="col">{t('time')}</th>
            <th scope="col">{t('actor')}</th>
            <th scope="col">{t('action')}</th>
            <th scope="col">{t('target')}</th>
            <th scope="col">{t('result')}</th>
            <th scope="col">{t('details')}</th>
          </tr>
        </thead>
        <tbody>
          {entries.map((entry) => (
            <Fragment key={entry.seq}>
              <EntryRow entry={entry} open={open === entry.seq} onToggle={() => setOpen(open === entry.seq ? null : entry.seq)} />
              {open === entry.seq && <ChangesRow changes={fieldChanges(entry)} />}
            </Fragment>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function EntryRow({ entry, open, onToggle }: { entry: AuditEntry; open: boolean; onToggle: () => void }) {
  const hasChanges = fieldChanges(entry).length > 0;
  const failed = entry.result !== 'success' && entry.result !== 'ok';
  return (
    <tr>
      <td>
        <Time value={entry.time} />
      </td>
      <td>
        {entry.actor.name} {entry.actor.role && <span className="meta">{entry.actor.role}</span>}
      </td>
      <td className="mono">{entry.action}</td>
      <td>{entry.target && (entry.target.name ?? entry.target.id ?? entry.target.kind)}</td>
      <td>
        <span className={failed ? 'audit-failed' : undefined}>{entry.result}</span>
      </td>
      <td>
        <span className="audit-details">
          {hasChanges && (
            <Button
              look="quiet"
              className="audit-show"
              aria-label={t(open ? 'hide' : 'show', { entry: String(entry.seq) })}
              aria-expanded={open}
              icon={open ? 'chevronDown' : 'chevronRight'}
              onClick={onToggle}
            >
              {t('changesShort')}
            </Button>
          )}
          {entry.reason && <span>{entry.reason}</span>}
          {entry.ip_address && <span className="meta">{t('fromAddress', { address: entry.ip_address })}</span>}
        </span>
      </td>
    </tr>
  );
}

function ChangesRow({ changes }: { changes: FieldChange[] }) {
  return (
    <tr className="changes-row">
      <td colSpan={COLUMNS}>
        <ChangesTable changes={changes} />
      </td>
    </tr>
  );
}
