import { useId, type FormEvent, type ReactNode } from 'react';
import { useForm } from 'react-hook-form';
import { fieldProblems, problemText, type ApiError } from '../api/problem';
import type { Role, User } from '../api/types';
import { Button } from '../ui/Button';
import { Dialog } from '../ui/Dialog';
import { SelectField, TextField } from '../ui/Field';
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

interface FormDialogProps {
  title: string;
  submit: string;
  busy: boolean;
  danger?: boolean;
  error?: ApiError | undefined;
  onClose: () => void;
  onSubmit: (event: FormEvent) => void;
  children: ReactNode;
}

export function FormDialog({ title, submit, busy, danger = false, error, onClose, onSubmit, children }: FormDialogProps) {
  const formId = useId();
  return (
    <Dialog
      title={title}
      width="xs"
      onClose={onClose}
      actions={
        <>
          <Button onClick={onClose} autoFocus={danger}>
            {t('cancel')}
          </Button>
          <Button type="submit" form={formId} look={danger ? 'danger' : 'primary'} busy={busy}>
            {submit}
          </Button>
        </>
      }
    >
      <form id={formId} className="dialog-form" noValidate onSubmit={onSubmit}>
        {error && (
          <p role="alert" className="field-error">
            {problemText(error)}
          </p>
        )}
        {children}
      </form>
    </Dialog>
  );
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
      error={error}
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
      error={error}
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
  const submit = async (event: FormEvent) => {
    event.preventDefault();
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
      error={error}
      onClose={onClose}
      onSubmit={(event) => void submit(event)}
    >
      <p>{t('deleteUserWhy', { name: user.username })}</p>
    </FormDialog>
  );
}
