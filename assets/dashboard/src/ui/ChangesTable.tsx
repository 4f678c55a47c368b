import { messages } from '../lib/messages';
import { DataTable, type DataColumn } from './DataTable';

const t = messages({ changes: 'Changes', field: 'Field', before: 'Before', after: 'After' });

export interface Change {
  field: string;
  before: string;
  after: string;
}

const COLUMNS: DataColumn<Change>[] = [
  { id: 'field', label: t('field'), isHeader: true, cell: ({ field }) => field },
  { id: 'before', label: t('before'), cell: ({ before }) => before },
  { id: 'after', label: t('after'), cell: ({ after }) => <strong>{after}</strong> },
];

/** What a change does to each field, old beside new. */
export function ChangesTable({ changes, className = '' }: { changes: Change[]; className?: string }) {
  return <DataTable label={t('changes')} className={className} columns={COLUMNS} rows={changes} keyOf={({ field }) => field} />;
}
