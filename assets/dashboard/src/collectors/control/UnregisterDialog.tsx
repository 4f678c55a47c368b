// Unregistering: the metrics are archived for a while, or, once the name has
// been typed, deleted.
import { FormProvider, useForm } from 'react-hook-form';
import { showFieldProblems } from '../../api/formProblems';
import { problemText } from '../../api/problem';
import { TextField } from '../../ui/Field';
import { FormDialog } from '../../ui/FormDialog';
import { toast } from '../../ui/toasts';
import { useUnregisterMutation } from './api';
import type { Named } from './carryOut';
import { FarewellFields, type FarewellValues } from './FarewellFields';
import { t } from './strings';

const DEFAULTS: FarewellValues & { confirm: string } = { keep: 'archive', days: '90', reason: '', notes: '', confirm: '' };

interface UnregisterDialogProps {
  collector: Named;
  onClose: () => void;
  onUnregistered?: (() => void) | undefined;
}

export function UnregisterDialog({ collector, onClose, onUnregistered }: UnregisterDialogProps) {
  const form = useForm({ mode: 'onTouched', defaultValues: DEFAULTS });
  const [unregister, { isLoading, error }] = useUnregisterMutation();
  const deletes = form.watch('keep') === 'delete';
  const submit = form.handleSubmit(async ({ days, reason, notes, confirm }) => {
    const kept = deletes ? { archive_metrics: false, confirm_name: confirm } : { archive_metrics: true, retention_days: Number(days) };
    const answer = await unregister({ id: collector.id, reason, ...(notes.trim() ? { notes: notes.trim() } : {}), ...kept });
    if (answer.error) return void showFieldProblems(form, answer.error, { retention_days: 'days', confirm_name: 'confirm' });
    // There is no way back but this one: the token is dead.
    toast(t('unregistered', { name: collector.name }), deletes ? {} : { action: { label: t('viewArchived'), to: '/collectors/archived' } });
    onClose();
    onUnregistered?.();
  });
  return (
    <FormDialog
      title={t('unregisterOf', { name: collector.name })}
      submit={t(deletes ? 'andDelete' : 'andArchive')}
      width="sm"
      danger
      locked={deletes && form.watch('confirm') !== collector.name}
      busy={isLoading}
      problem={error && problemText(error)}
      onClose={onClose}
      onSubmit={(event) => void submit(event)}
    >
      <p>{t('unregisterWhy')}</p>
      <FormProvider {...form}>
        <FarewellFields />
      </FormProvider>
      {deletes && (
        <TextField
          label={t('typeToConfirm', { text: collector.name })}
          autoComplete="off"
          spellCheck={false}
          error={form.formState.errors.confirm?.message}
          {...form.register('confirm')}
        />
      )}
    </FormDialog>
  );
}
