// Restart and Stop: a word of warning, a reason, and for a stop how long it is
// thought to last.
import { useState } from 'react';
import { useForm } from 'react-hook-form';
import { useDispatch } from 'react-redux';
import type { Dispatch } from '../../api/client';
import { fieldProblems, problemText, type ApiError } from '../../api/problem';
import { TextField } from '../../ui/Field';
import { FormDialog } from '../../ui/FormDialog';
import { carryOut, type Named } from './carryOut';
import { t } from './strings';

export const MOST_REASON = 500;
const MINUTES = { least: 1, most: 43_200 };

interface DialogProps {
  collector: Named;
  onClose: () => void;
}

export const REASON_RULES = { maxLength: { value: MOST_REASON, message: t('tooLong', { n: MOST_REASON }) } };

export function RestartDialog({ collector, onClose }: DialogProps) {
  const form = useForm({ mode: 'onTouched', defaultValues: { reason: '' } });
  const dispatch = useDispatch<Dispatch>();
  const [refused, setRefused] = useState<ApiError>();
  const submit = form.handleSubmit(async ({ reason }) => {
    const error = await dispatch(carryOut(collector, { kind: 'restart', reason: reason.trim() || undefined }));
    if (error) return setRefused(error);
    onClose();
  });
  return (
    <FormDialog
      title={t('restartOf', { name: collector.name })}
      submit={t('restartCollector')}
      focusCancel
      busy={form.formState.isSubmitting}
      problem={refused && problemText(refused)}
      onClose={onClose}
      onSubmit={(event) => void submit(event)}
    >
      <p>{t('restartWhy')}</p>
      <TextField
        label={t('reason')}
        hint={t('reasonHint')}
        error={form.formState.errors.reason?.message}
        {...form.register('reason', REASON_RULES)}
      />
    </FormDialog>
  );
}

export function StopDialog({ collector, onClose }: DialogProps) {
  const form = useForm({ mode: 'onTouched', defaultValues: { reason: '', duration: '' } });
  const dispatch = useDispatch<Dispatch>();
  const [refused, setRefused] = useState<ApiError>();
  const { errors, isSubmitting } = form.formState;
  const submit = form.handleSubmit(async ({ reason, duration }) => {
    const error = await dispatch(
      carryOut(collector, {
        kind: 'stop',
        reason: reason.trim() || undefined,
        estimated_duration_minutes: duration === '' ? undefined : Number(duration),
      }),
    );
    if (!error) return onClose();
    for (const { field, message } of fieldProblems(error)) {
      if (field === 'reason') form.setError('reason', { message });
      if (field === 'estimated_duration_minutes') form.setError('duration', { message });
    }
    setRefused(error);
  });
  return (
    <FormDialog
      title={t('stopOf', { name: collector.name })}
      submit={t('stopCollector')}
      danger
      busy={isSubmitting}
      problem={refused && problemText(refused)}
      onClose={onClose}
      onSubmit={(event) => void submit(event)}
    >
      <p>{t('stopWhy')}</p>
      <TextField label={t('reason')} hint={t('reasonHint')} error={errors.reason?.message} {...form.register('reason', REASON_RULES)} />
      <TextField
        label={t('duration')}
        type="number"
        inputMode="numeric"
        min={MINUTES.least}
        max={MINUTES.most}
        hint={t('durationHint')}
        error={errors.duration?.message}
        {...form.register('duration', {
          validate: (text) => text === '' || isWhole(text, MINUTES.least, MINUTES.most) || t('durationRange'),
        })}
      />
    </FormDialog>
  );
}

export function isWhole(text: string, least: number, most: number): boolean {
  const number = Number(text);
  return text.trim() !== '' && Number.isInteger(number) && number >= least && number <= most;
}
