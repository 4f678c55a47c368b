import { useState } from 'react';
import type { AuditEntry } from '../api/types';
import { MISSING } from '../lib/format';
import { Button } from '../ui/Button';
import { ChangesTable } from '../ui/ChangesTable';
import { DataTable, type DataColumn } from '../ui/DataTable';
import { Icon } from '../ui/Icon';
import { Time } from '../ui/Time';
import { fieldChanges } from './changes';
import { t } from './strings';

interface AuditTableProps {
  entries: AuditEntry[];
  /** The first entry that does not follow from the one before. */
  broken: number | undefined;
}

export function AuditTable({ entries, broken }: AuditTableProps) {
  const [open, setOpen] = useState<number | null>(null);
  const columns: DataColumn<AuditEntry>[] = [
    ...COLUMNS,
    {
      id: 'details',
      label: t('details'),
      cell: (entry) => (
        <Details
          entry={entry}
          broken={entry.seq === broken}
          open={open === entry.seq}
          onToggle={() => setOpen(open === entry.seq ? null : entry.seq)}
        />
      ),
    },
  ];
  return (
    <DataTable
      label={t('title')}
      className="audit-table"
      columns={columns}
      rows={entries}
      keyOf={({ seq }) => seq}
      below={(entry) => open === entry.seq && <ChangesTable className="audit-changes" changes={fieldChanges(entry)} />}
    />
  );
}

const COLUMNS: DataColumn<AuditEntry>[] = [
  { id: 'time', label: t('time'), cell: ({ time }) => <Time value={time} /> },
  {
    id: 'actor',
    label: t('actor'),
    cell: ({ actor }) => (
      <span>
        {actor.name} {actor.role && <span className="meta">{actor.role}</span>}
      </span>
    ),
  },
  { id: 'action', label: t('action'), cell: ({ action }) => <span className="mono">{action}</span> },
  { id: 'target', label: t('target'), cell: ({ target }) => (target && (target.name ?? target.id ?? target.kind)) || MISSING },
  { id: 'result', label: t('result'), cell: ({ result }) => <Result result={result} /> },
];

function Result({ result }: { result: string }) {
  const failed = result !== 'success' && result !== 'ok';
  return <span className={failed ? 'audit-failed' : undefined}>{result}</span>;
}

interface DetailsProps {
  entry: AuditEntry;
  broken: boolean;
  open: boolean;
  onToggle: () => void;
}

function Details({ entry, broken, open, onToggle }: DetailsProps) {
  return (
    <span className="audit-details">
      {broken && (
        <span className="audit-broken">
          <Icon name="error" size={14} />
          {t('brokenHere')}
        </span>
      )}
      {fieldChanges(entry).length > 0 && (
        <Button
          look="quiet"
          className="audit-show"
          aria-label={t('show', { entry: String(entry.seq) })}
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
  );
}
