import { useMemo, useState } from 'react';
import type { ImportReply } from '../../api/types';
import { MISSING } from '../../lib/format';
import { Button } from '../../ui/Button';
import { DataTable, type DataColumn } from '../../ui/DataTable';
import { Refusal } from '../../ui/Refusal';
import { downloadProblems } from './downloads';
import type { Mapping } from './mapping';
import { RowResult } from './RowResult';
import { countOf, outcomes, type RowOutcome } from './rows';
import type { Sheet } from './sheet';
import { t } from './strings';

interface PreviewStepProps {
  sheet: Sheet;
  mapping: Mapping;
  reply: ImportReply;
  busy: boolean;
  problem: string | undefined;
  onBack: () => void;
  onImport: () => void;
}

const COLUMNS: DataColumn<RowOutcome>[] = [
  { id: 'row', label: t('row'), cell: ({ number }) => String(number) },
  { id: 'name', label: t('name'), isHeader: true, cell: ({ name }) => name || MISSING },
  { id: 'host', label: t('host'), cell: ({ host }) => <span className="mono">{host}</span> },
  {
    id: 'result',
    label: t('result'),
    cell: ({ status }) => <RowResult status={status} words={{ success: t('isValid'), error: t('isInvalid'), exists: t('exists') }} />,
  },
  { id: 'problem', label: t('problem'), cell: ({ status, problem }) => (status === 'success' ? '' : problem) },
];

export function PreviewStep({ sheet, mapping, reply, busy, problem, onBack, onImport }: PreviewStepProps) {
  const [onlyProblems, setOnlyProblems] = useState(false);
  const rows = useMemo(() => outcomes(sheet, mapping, reply), [sheet, mapping, reply]);
  const faulty = rows.filter(({ status }) => status === 'error');
  const valid = countOf(rows, 'success');
  const existing = countOf(rows, 'exists');
  const counts = { valid, invalid: faulty.length, existing };
  return (
    <div className="card import-card">
      {problem && <Refusal text={problem} />}
      <div className="import-bar">
        <p role="status" className="import-status">
          {t(existing > 0 ? 'validExisting' : 'valid', counts)}
        </p>
        <label className="check">
          <input type="checkbox" checked={onlyProblems} onChange={(event) => setOnlyProblems(event.target.checked)} />
          {t('onlyProblems')}
        </label>
        {faulty.length > 0 && (
          <Button icon="download" onClick={() => downloadProblems(faulty)}>
            {t('downloadProblems')}
          </Button>
        )}
      </div>
      <div className="import-table">
        <DataTable label={t('previewTable')} columns={COLUMNS} rows={onlyProblems ? faulty : rows} keyOf={({ number }) => number} />
        {onlyProblems && faulty.length === 0 && <p className="muted import-none">{t('noProblems')}</p>}
      </div>
      <div className="import-actions">
        <Button onClick={onBack}>{t('stepBack')}</Button>
        <span className="muted grow">{t('importWhy')}</span>
        <Button look="primary" busy={busy} disabled={valid === 0} onClick={() => !busy && onImport()}>
          {t(busy ? 'importing' : 'import', { n: valid })}
        </Button>
      </div>
    </div>
  );
}
