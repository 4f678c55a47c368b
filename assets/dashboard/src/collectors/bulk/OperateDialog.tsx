// Restart, stop, resume or unregister several: what is chosen, when, and why;
// then how it goes.
import { useMemo, useState } from 'react';
import { FormProvider, useForm } from 'react-hook-form';
import { showFieldProblems } from '../../api/formProblems';
import { problemText } from '../../api/problem';
import type { Collector } from '../../api/types';
import { DataTable, type DataColumn } from '../../ui/DataTable';
import { FormDialog } from '../../ui/FormDialog';
import { StatusWord } from '../../ui/StatusWord';
import { possible } from '../control/useControl';
import { useStartOperationMutation } from '../operations/api';
import { operationLabel } from '../operations/words';
import { environmentLabel } from '../words';
import { OperateFields } from './OperateFields';
import { confirmText, DEFAULTS, FIELD_OF, wishOf, type Operated, type Values } from './operate';
import { ProgressDialog } from './ProgressDialog';
import { t } from './strings';

export type { Operated } from './operate';

/** The most that the daemon takes at once. */
const MOST_COLLECTORS = 5000;

interface OperateDialogProps {
  kind: Operated;
  collectors: Collector[];
  onStarted: () => void;
  onClose: () => void;
}

export function OperateDialog({ kind, collectors, onStarted, onClose }: OperateDialogProps) {
  // The list goes on living; what was chosen is what is asked for.
  const [chosen] = useState(collectors);
  const form = useForm<Values>({ mode: 'onTouched', defaultValues: DEFAULTS });
  const [start, { isLoading, error }] = useStartOperationMutation();
  const [operation, setOperation] = useState<string>();
  const title = operationLabel({ action: kind, total: chosen.length });
  const tooMany = chosen.length > MOST_COLLECTORS;

  if (operation) return <ProgressDialog title={title} id={operation} onRetried={setOperation} onClose={onClose} />;

  const submit = form.handleSubmit(async (values) => {
    const ids = chosen.map(({ id }) => id);
    const answer = await start(wishOf(kind, ids, values, Date.now()));
    if (!answer.error) {
      setOperation(answer.data.operation_id);
      return onStarted();
    }
    showFieldProblems(form, answer.error, FIELD_OF);
  });
  return (
    <FormDialog
      title={title}
      submit={title}
      width="sm"
      danger={kind === 'stop' || kind === 'unregister'}
      focusCancel
      locked={tooMany || (kind === 'unregister' && form.watch('confirm') !== confirmText(chosen.length))}
      busy={isLoading}
      problem={tooMany ? t('tooMany', { n: MOST_COLLECTORS }) : error && problemText(error)}
      onClose={onClose}
      onSubmit={(event) => void submit(event)}
    >
      <p>{t(`${kind}Why`)}</p>
      <Chosen kind={kind} collectors={chosen} />
      <FormProvider {...form}>
        <OperateFields kind={kind} count={chosen.length} />
      </FormProvider>
    </FormDialog>
  );
}

const COLUMNS: DataColumn<Collector>[] = [
  { id: 'name', label: t('name'), isHeader: true, cell: ({ name }) => name },
  { id: 'status', label: t('status'), cell: ({ status }) => <StatusWord status={status} /> },
  { id: 'environment', label: t('environment'), cell: ({ environment }) => environmentLabel(environment) },
];

function Chosen({ kind, collectors }: { kind: Operated; collectors: Collector[] }) {
  const refused = useMemo(
    () => (kind === 'unregister' ? 0 : collectors.filter((collector) => !possible(collector)[kind]).length),
    [kind, collectors],
  );
  return (
    <div>
      <DataTable label={t('collectors')} className="data-window" columns={COLUMNS} rows={collectors} keyOf={({ id }) => id} />
      {refused > 0 && <p className="field-hint bulk-refused">{t('refusedSome', { n: refused })}</p>}
    </div>
  );
}
