import { useMemo, useState } from 'react';
import type { ImportReply } from '../../api/types';
import { MISSING } from '../../lib/format';
import { Button, ButtonLink } from '../../ui/Button';
import { DataTable, type DataColumn } from '../../ui/DataTable';
import { Icon } from '../../ui/Icon';
import { LeaveTokenDialog, TokenGuard } from '../token/TokenGuard';
import { downloadProblems, downloadTokens } from './downloads';
import type { Mapping } from './mapping';
import { RowResult } from './RowResult';
import { countOf, outcomes, type RowOutcome } from './rows';
import type { Sheet } from './sheet';
import { t } from './strings';

interface ResultsStepProps {
  sheet: Sheet;
  mapping: Mapping;
  reply: ImportReply;
  onAgain: () => void;
}

const COLUMNS: DataColumn<RowOutcome>[] = [
  { id: 'row', label: t('row'), cell: ({ number }) => String(number) },
  { id: 'name', label: t('name'), isHeader: true, cell: ({ name }) => name || MISSING },
  {
    id: 'result',
    label: t('result'),
    cell: ({ status }) => <RowResult status={status} words={{ success: t('imported'), error: t('isFailed'), exists: t('exists') }} />,
  },
  {
    id: 'detail',
    label: t('detail'),
    cell: ({ status, problem, collectorId }) => (status === 'success' ? <span className="mono">{collectorId}</span> : problem),
  },
];

export function ResultsStep({ sheet, mapping, reply, onAgain }: ResultsStepProps) {
  const rows = useMemo(() => outcomes(sheet, mapping, reply), [sheet, mapping, reply]);
  const [taken, setTaken] = useState(false);
  const [leaving, setLeaving] = useState(false);
  const hasTokens = rows.some(({ token }) => token !== undefined);
  const failed = rows.filter(({ status }) => status === 'error');
  const existing = countOf(rows, 'exists');
  const wouldLose = hasTokens && !taken;
  const take = () => {
    downloadTokens(rows, reply.ca_certificate, location.origin);
    setTaken(true);
  };
  return (
    <div className="card import-card">
      {hasTokens && (
        <p className="import-once">
          <Icon name="slow" />
          <span>
            <strong>{t('tokensOnce')}</strong>
            {t('tokensWhy')}
          </span>
        </p>
      )}
      <div className="import-bar">
        <p role="status" className="import-status">
          {t(existing > 0 ? 'doneExisting' : 'done', { imported: countOf(rows, 'success'), failed: failed.length, existing })}
        </p>
        {failed.length > 0 && (
          <Button icon="download" onClick={() => downloadProblems(failed)}>
            {t('downloadProblems')}
          </Button>
        )}
        {hasTokens && (
          <Button look="primary" icon="download" onClick={take}>
            {t('downloadTokens')}
          </Button>
        )}
      </div>
      <div className="import-table">
        <DataTable label={t('resultsTable')} columns={COLUMNS} rows={rows} keyOf={({ number }) => number} />
      </div>
      <div className="import-actions">
        <Button onClick={() => (wouldLose ? setLeaving(true) : onAgain())}>{t('startAgain')}</Button>
        <span className="grow" />
        <ButtonLink to="/collectors">{t('openCollectors')}</ButtonLink>
      </div>
      {leaving && <LeaveTokenDialog onStay={() => setLeaving(false)} onLeave={onAgain} />}
      <TokenGuard when={wouldLose && !leaving} />
    </div>
  );
}
