import { useEffect } from 'react';
import { useFormContext } from 'react-hook-form';
import { formatAbsolute, formatRelative } from '../../lib/time';
import { parseTime } from '../../lib/timeRange';
import { TextField } from '../../ui/Field';
import { RadioGroup } from '../../ui/RadioGroup';
import { FarewellFields } from '../control/FarewellFields';
import { DURATION_RULES, REASON_RULES } from '../control/rules';
import { t as words } from '../control/strings';
import { DurationField, ReasonField } from '../control/WhyFields';
import { confirmText, suggestedStart, type Operated, type Values } from './operate';
import { t } from './strings';

export function OperateFields({ kind, count }: { kind: Operated; count: number }) {
  const { register, formState } = useFormContext<Values>();
  const { errors } = formState;
  return (
    <>
      <When />
      {kind === 'unregister' ? (
        <>
          <FarewellFields />
          <TextField
            label={words('typeToConfirm', { text: confirmText(count) })}
            autoComplete="off"
            spellCheck={false}
            error={errors.confirm?.message}
            {...register('confirm')}
          />
        </>
      ) : (
        <ReasonField error={errors.reason?.message} {...register('reason', REASON_RULES)} />
      )}
      {kind === 'stop' && <DurationField error={errors.duration?.message} {...register('duration', DURATION_RULES)} />}
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
