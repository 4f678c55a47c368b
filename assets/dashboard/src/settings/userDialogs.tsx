import { useForm } from 'react-hook-form';
import { showFieldProblems } from '../api/formProblems';
import { problemText } from '../api/problem';
import { ROLES } from '../api/roles';
import type { Role, User } from '../api/types';
import { SelectField, TextField } from '../ui/Field';
import { FormDialog } from '../ui/FormDialog';
import { PasswordField } from '../ui/PasswordField';
import { toast } from '../ui/toasts';
import { useCreateUserMutation, useResetPasswordMutation } from './api';
import { t } from './strings';

export const PASSWORD_RULES = { minLength: { value: 12, message: t('shortPassword') }, required: t('shortPassword') };

export function AddUserDialog({ onClose }: { onClose: () => void }) {
  const form = useForm({ mode: 'onTouched', defaultValues: { username: '', password: '', role: 'viewer' as Role } });
  const [create, { isLoading, error }] = useCreateUserMutation();
  const { errors } = form.formState;
  const submit = form.handleSubmit(async (values) => {
    const answer = await create({ ...values, username: values.username.trim() });
    if (answer.error) return void showFieldProblems(form, answer.error);
    toast(t('userAdded', { name: values.username }));
    onClose();
  });
  return (
    <FormDialog
      title={t('addUser')}
      submit={t('addUser')}
      busy={isLoading}
      problem={error && problemText(error)}
      onClose={onClose}
      onSubmit={(event) => void submit(event)}
    >
      <TextField
        label={t('username')}
        autoComplete="off"
        autoCapitalize="none"
        spellCheck={false}
        autoFocus
        error={errors.username?.message}
        {...form.register('username', { required: t('needUsername') })}
      />
      <PasswordField
        label={t('password')}
        autoComplete="new-password"
        hint={t('passwordHint')}
        error={errors.password?.message}
        {...form.register('password', PASSWORD_RULES)}
      />
      <SelectField label={t('role')} options={ROLES} error={errors.role?.message} {...form.register('role')} />
    </FormDialog>
  );
}

export function ResetPasswordDialog({ user, onClose }: { user: User; onClose: () => void }) {
  const form = useForm({ mode: 'onTouched', defaultValues: { password: '' } });
  const [reset, { isLoading, error }] = useResetPasswordMutation();
  const submit = form.handleSubmit(async ({ password }) => {
    const answer = await reset({ id: user.id, password });
    if (answer.error) return void showFieldProblems(form, answer.error);
    toast(t('passwordReset', { name: user.username }));
    onClose();
  });
  return (
    <FormDialog
      title={t('resetPasswordOf', { name: user.username })}
      submit={t('resetPassword')}
      busy={isLoading}
      problem={error && problemText(error)}
      onClose={onClose}
      onSubmit={(event) => void submit(event)}
    >
      <PasswordField
        label={t('password')}
        autoComplete="new-password"
        autoFocus
        hint={t('passwordHint')}
        error={form.formState.errors.password?.message}
        {...form.register('password', PASSWORD_RULES)}
      />
    </FormDialog>
  );
}
