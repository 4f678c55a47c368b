// Restart and Stop: a word of warning, a reason, and for a stop how long it is
// thought to last.
import { useState } from 'react';
import { useForm } from 'react-hook-form';
import { useDispatch } from 'react-redux';
import type { Dispatch } from '../../api/client';
import { showFieldProblems } from '../../api/formProblems';
import { problemText, type ApiError } from '../../api/problem';
import { FormDialog } from '../../ui/FormDialog';
import { carryOut, type Named } from './carryOut';
import { DURATION_RULES, REASON_RULES } from './rules';
import { t } from './strings';
import { DurationField, ReasonField } from './WhyFields';

interface DialogProps {
  collector: Named;
  onClose: () => void;
}

export function RestartDialog({ collector, onClose }: DialogProps) {
  const form = useForm({ mode: 'onTouched', defaultValues: { reason: '' } });
  const dispatch = useDispatch<Dispatch>();
  const [refused, setRefused] = useState<ApiError>();
  const submit = form.handleSubmit(async ({ reason }) => {
    setRefused(undefined);
    const error = await dispatch(carryOut(collector, { kind: 'restart', reason: reason.trim() || undefined }));
    if (!error) return onClose();
    showFieldProblems(form, error);
    setRefused(error);
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
      <ReasonField error={form.formState.errors.reason?.message} {...form.register('reason', REASON_RULES)} />
    </FormDialog>
  );
}

export function StopDialog({ collector, onClose }: DialogProps) {
  const form = useForm({ mode: 'onTouched', defaultValues: { reason: '', duration: '' } });
  const dispatch = useDispatch<Dispatch>();
  const [refused, setRefused] = useState<ApiError>();
  const { errors, isSubmitting } = form.formState;
  const submit = form.handleSubmit(async ({ reason, duration }) => {
    setRefused(undefined);
    const error = await dispatch(
      carryOut(collector, {
        kind: 'stop',
        reason: reason.trim() || undefined,
        estimated_duration_minutes: duration === '' ? undefined : Number(duration),
      }),
    );
    if (!error) return onClose();
    showFieldProblems(form, error, { estimated_duration_minutes: 'duration' });
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
      <ReasonField error={errors.reason?.message} {...form.register('reason', REASON_RULES)} />
      <DurationField error={errors.duration?.message} {...form.register('duration', DURATION_RULES)} />
    </FormDialog>
  );
}
