import type { ReactNode } from 'react';
import { messages } from '../lib/messages';

const t = messages({ changes: 'Changes', field: 'Field', before: 'Before', after: 'After' });

export interface Change {
  field: string;
  before: ReactNode;
  after: ReactNode;
}

/** What a change does to each field, old beside new. */
export function ChangesTable({ changes, className = '' }: { changes: Change[]; className?: string }) {
  return (
    <table className={`table changes-table ${className}`} aria-label={t('changes')}>
      <thead>
        <tr>
          <th scope="col">{t('field')}</th>
          <th scope="col">{t('before')}</th>
          <th scope="col">{t('after')}</th>
        </tr>
      </thead>
      <tbody>
        {changes.map(({ field, before, after }) => (
          <tr key={field}>
            <th scope="row">{field}</th>
            <td>{before}</td>
            <td className="after">{after}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
