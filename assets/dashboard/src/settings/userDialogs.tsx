import { useForm } from 'react-hook-form';
import { fieldProblems, problemText } from '../api/problem';
import type { Role, User } from '../api/types';
import { SelectField, TextField } from '../ui/Field';
import { FormDialog } from '../ui/FormDialog';
import { PasswordField } from '../ui/PasswordField';
import type { Option } from '../ui/Select';
import { toast } from '../ui/toasts';
import { useCreateUserMutation, useDeleteUserMutation, useResetPasswordMutation } from './api';
import { t } from './strings';

export const ROLES: (Option & { value: Role })[] = [
  { value: 'viewer', label: t('viewer') },
  { value: 'auditor', label: t('auditor') },
  { value: 'operator', label: t('operator') },
  { value: 'admin', label: t('administrator') },
];

export function roleLabel(role: string): string {
  return ROLES.find(({ value }) => value === role)?.label ?? role;
}

export const PASSWORD_RULES = { minLength: { value: 12, message: t('shortPassword') }, required: t('shortPassword') };

export function AddUserDialog({ onClose }: { onClose: () => void }) {
  const form = useForm({ mode: 'onTouched', defaultValues: { username: '', password: '', role: 'viewer' as Role } });
  const [create, { isLoading, error }] = useCreateUserMutation();
  const { errors } = form.formState;
  const submit = form.handleSubmit(async (values) => {
    const answer = await create({ ...values, username: values.username.trim() });
    if (answer.error) {
      for (const { field, message } of fieldProblems(answer.error)) {
        if (field === 'username' || field === 'password' || field === 'role') form.setError(field, { message });
      }
      return;
    }
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
    if (answer.error) return;
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

export function DeleteUserDialog({ user, onClose }: { user: User; onClose: () => void }) {
  const [remove, { isLoading, error }] = useDeleteUserMutation();
  const submit = async () => {
    const answer = await remove(user.id);
    if (answer.error) return;
    toast(t('userDeleted', { name: user.username }));
    onClose();
  };
  return (
    <FormDialog
      title={t('deleteUserOf', { name: user.username })}
      submit={t('deleteUser')}
      danger
      busy={isLoading}
      problem={error && problemText(error)}
      onClose={onClose}
      onSubmit={() => void submit()}
    >
      <p>{t('deleteUserWhy', { name: user.username })}</p>
    </FormDialog>
  );
}
