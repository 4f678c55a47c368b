import { useEffect } from 'react';
import { useFormContext } from 'react-hook-form';
import { formatAbsolute, formatRelative } from '../../lib/time';
import { parseTime } from '../../lib/timeRange';
import { SelectField, TextAreaField, TextField } from '../../ui/Field';
import { RadioGroup } from '../../ui/RadioGroup';
import { isWhole, REASON_RULES } from '../control/ActionDialogs';
import { t as words } from '../control/strings';
import { UNREGISTER_REASONS } from '../control/UnregisterDialog';
import { confirmText, suggestedStart, type Operated, type Values } from './operate';
import { t } from './strings';

export function OperateFields({ kind, count }: { kind: Operated; count: number }) {
  const { register, formState } = useFormContext<Values>();
  const { errors } = formState;
  return (
    <>
      <When />
      {kind === 'unregister' ? (
        <UnregisterFields count={count} />
      ) : (
        <TextField
          label={words('reason')}
          hint={words('reasonHint')}
          error={errors.reason?.message}
          {...register('reason', REASON_RULES)}
        />
      )}
      {kind === 'stop' && (
        <TextField
          label={words('duration')}
          type="number"
          inputMode="numeric"
          hint={words('durationHint')}
          error={errors.duration?.message}
          {...register('duration', { validate: (text) => text === '' || isWhole(text, 1, 43_200) || words('durationRange') })}
        />
      )}
    </>
  );
}

function When() {
  const { register, watch, setValue, getValues, formState } = useFormContext<Values>();
  const later = watch('when') === 'later';
  useEffect(() => {
    if (later && getValues('startAt') === '') setValue('startAt', suggestedStart(Date.now()));
  }, [later, getValues, setValue]);
  return (
    <>
      <RadioGroup
        label={t('when')}
        options={[
          { value: 'now', label: t('now') },
          { value: 'later', label: t('later') },
        ]}
        {...register('when')}
      />
      {later && (
        <TextField
          label={t('startAt')}
          spellCheck={false}
          autoComplete="off"
          hint={startHint(watch('startAt'))}
          error={formState.errors.startAt?.message}
          {...register('startAt', { validate: startProblem })}
        />
      )}
    </>
  );
}

function startProblem(text: string, { when }: Values): true | string {
  if (when === 'now') return true;
  const time = parseTime(text, Date.now());
  if (time === null) return t('notATime');
  return time > Date.now() || t('inThePast');
}

/** How the text is understood, so that nobody has to guess the zone. */
function startHint(text: string): string {
  const now = Date.now();
  const time = parseTime(text, now);
  if (time === null) return t('startAtHint');
  return t('startsAt', { time: formatAbsolute(time), relative: formatRelative(time, now) });
}

function UnregisterFields({ count }: { count: number }) {
  const { register, watch, formState } = useFormContext<Values>();
  const { errors } = formState;
  const deletes = watch('keep') === 'delete';
  return (
    <>
      <RadioGroup
        label={words('metrics')}
        options={[
          { value: 'archive', label: words('archive'), hint: words('archiveHint') },
          { value: 'delete', label: words('delete'), hint: words('deleteHint') },
        ]}
        {...register('keep')}
      />
      {!deletes && (
        <TextField
          className="short-field"
          label={words('retention')}
          type="number"
          inputMode="numeric"
          min={1}
          max={3650}
          error={errors.days?.message}
          {...register('days', { validate: (text) => isWhole(text, 1, 3650) || words('retentionRange') })}
        />
      )}
      <SelectField
        label={words('reason')}
        options={UNREGISTER_REASONS}
        aria-required
        error={errors.reason?.message}
        {...register('reason', { required: words('needReason') })}
      />
      <TextAreaField label={words('notes')} rows={2} error={errors.notes?.message} {...register('notes')} />
      <TextField
        label={words('typeToConfirm', { text: confirmText(count) })}
        autoComplete="off"
        spellCheck={false}
        error={errors.confirm?.message}
        {...register('confirm')}
      />
    </>
  );
}
