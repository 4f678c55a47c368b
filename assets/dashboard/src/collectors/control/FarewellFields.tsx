import { useFormContext } from 'react-hook-form';
import { SelectField, TextAreaField, TextField } from '../../ui/Field';
import { RadioGroup } from '../../ui/RadioGroup';
import { DAYS, isWhole, NOTES_RULES } from './rules';
import { t } from './strings';

/** What the audit log says is English in every language, so that it can be counted. */
const REASONS = [
  { value: '', label: t('chooseReason') },
  { value: 'Database retired', label: t('retired') },
  { value: 'Migrated to new server', label: t('migrated') },
  { value: 'Maintenance/testing', label: t('maintenance') },
  { value: 'Switching to different collector', label: t('switching') },
  { value: 'Other', label: t('other') },
];

export interface FarewellValues {
  keep: 'archive' | 'delete';
  days: string;
  reason: string;
  notes: string;
}

/** What is asked before one collector or many are unregistered: what becomes of the metrics, and why. */
export function FarewellFields() {
  const { register, watch, formState } = useFormContext<FarewellValues>();
  const { errors } = formState;
  return (
    <>
      <RadioGroup
        label={t('metrics')}
        options={[
          { value: 'archive', label: t('archive'), hint: t('archiveHint') },
          { value: 'delete', label: t('delete'), hint: t('deleteHint') },
        ]}
        {...register('keep')}
      />
      {watch('keep') === 'archive' && (
        <TextField
          className="short-field"
          label={t('retention')}
          type="number"
          inputMode="numeric"
          min={DAYS.least}
          max={DAYS.most}
          error={errors.days?.message}
          {...register('days', { validate: (text) => isWhole(text, DAYS.least, DAYS.most) || t('retentionRange') })}
        />
      )}
      <SelectField
        label={t('reason')}
        options={REASONS}
        aria-required
        error={errors.reason?.message}
        {...register('reason', { required: t('needReason') })}
      />
      <TextAreaField label={t('notes')} rows={2} error={errors.notes?.message} {...register('notes', NOTES_RULES)} />
    </>
  );
}
