// Unregistering: the metrics are archived for a while, or, once the name has
// been typed, deleted.
import { useForm } from 'react-hook-form';
import { fieldProblems, problemText } from '../../api/problem';
import { SelectField, TextAreaField, TextField } from '../../ui/Field';
import { FormDialog } from '../../ui/FormDialog';
import { RadioGroup } from '../../ui/RadioGroup';
import { toast } from '../../ui/toasts';
import { isWhole } from './ActionDialogs';
import { useUnregisterMutation } from './api';
import type { Named } from './carryOut';
import { t } from './strings';

const DAYS = { least: 1, most: 3650 };
const MOST_NOTES = 2000;

/** What the audit log says is English in every language, so that it can be counted. */
const REASONS = [
  { value: 'Database retired', label: t('retired') },
  { value: 'Migrated to new server', label: t('migrated') },
  { value: 'Maintenance/testing', label: t('maintenance') },
  { value: 'Switching to different collector', label: t('switching') },
  { value: 'Other', label: t('other') },
];

export const UNREGISTER_REASONS = [{ value: '', label: t('chooseReason') }, ...REASONS];

interface UnregisterDialogProps {
  collector: Named;
  onClose: () => void;
  onUnregistered?: (() => void) | undefined;
}

export function UnregisterDialog({ collector, onClose, onUnregistered }: UnregisterDialogProps) {
  const form = useForm({
    mode: 'onTouched',
    defaultValues: { keep: 'archive', days: '90', reason: '', notes: '', confirm: '' },
  });
  const [unregister, { isLoading, error }] = useUnregisterMutation();
  const { errors } = form.formState;
  const deletes = form.watch('keep') === 'delete';
  const submit = form.handleSubmit(async ({ days, reason, notes, confirm }) => {
    const kept = deletes ? { archive_metrics: false, confirm_name: confirm } : { archive_metrics: true, retention_days: Number(days) };
    const answer = await unregister({ id: collector.id, reason, ...(notes.trim() ? { notes: notes.trim() } : {}), ...kept });
    if (answer.error) {
      for (const { field, message } of fieldProblems(answer.error)) {
        const name = { reason: 'reason', notes: 'notes', retention_days: 'days', confirm_name: 'confirm' }[field];
        if (name) form.setError(name as 'reason', { message });
      }
      return;
    }
    // There is no way back but this one: the token is dead.
    toast(t('unregistered', { name: collector.name }), deletes ? {} : { action: { label: t('archived'), to: '/collectors/archived' } });
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
      <RadioGroup
        label={t('metrics')}
        options={[
          { value: 'archive', label: t('archive'), hint: t('archiveHint') },
          { value: 'delete', label: t('delete'), hint: t('deleteHint') },
        ]}
        {...form.register('keep')}
      />
      {!deletes && (
        <TextField
          className="short-field"
          label={t('retention')}
          type="number"
          inputMode="numeric"
          min={DAYS.least}
          max={DAYS.most}
          error={errors.days?.message}
          {...form.register('days', { validate: (text) => isWhole(text, DAYS.least, DAYS.most) || t('retentionRange') })}
        />
      )}
      <SelectField
        label={t('reason')}
        options={UNREGISTER_REASONS}
        aria-required
        error={errors.reason?.message}
        {...form.register('reason', { required: t('needReason') })}
      />
      <TextAreaField
        label={t('notes')}
        rows={2}
        error={errors.notes?.message}
        {...form.register('notes', { maxLength: { value: MOST_NOTES, message: t('tooLong', { n: MOST_NOTES }) } })}
      />
      {deletes && (
        <TextField
          label={t('typeToConfirm', { text: collector.name })}
          autoComplete="off"
          spellCheck={false}
          error={errors.confirm?.message}
          {...form.register('confirm')}
        />
      )}
    </FormDialog>
  );
}
