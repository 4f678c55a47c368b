import { useForm } from 'react-hook-form';
import { showFieldProblems } from '../api/formProblems';
import { problemText } from '../api/problem';
import { useChangePasswordMutation, useMeQuery } from '../api/session';
import { Button } from '../ui/Button';
import { TextField } from '../ui/Field';
import { Refusal } from '../ui/Refusal';
import { toast } from '../ui/toasts';
import { t } from './strings';
import { PASSWORD_RULES } from './userDialogs';

const EMPTY = { current_password: '', new_password: '', repeat: '' };

export function ChangePassword() {
  const form = useForm({ mode: 'onTouched', defaultValues: EMPTY });
  const [change, { isLoading, error }] = useChangePasswordMutation();
  const username = useMeQuery().data?.user.username;
  const { errors } = form.formState;
  const submit = form.handleSubmit(async ({ current_password, new_password }) => {
    const answer = await change({ current_password, new_password });
    if (!answer.error) {
      form.reset(EMPTY);
      return toast(t('passwordChanged'));
    }
    showFieldProblems(form, answer.error);
  });
  return (
    <section className="card preferences" aria-labelledby="change-password">
      <h2 id="change-password">{t('changePassword')}</h2>
      <form className="dialog-form" noValidate onSubmit={(event) => void submit(event)}>
        {error && <Refusal text={problemText(error)} />}
        {/* Password managers look for the name that the new password belongs to. */}
        <input type="text" name="username" autoComplete="username" value={username ?? ''} readOnly hidden />
        <TextField
          label={t('currentPassword')}
          type="password"
          autoComplete="current-password"
          error={errors.current_password?.message}
          {...form.register('current_password', { required: t('needCurrent') })}
        />
        <TextField
          label={t('newPassword')}
          type="password"
          autoComplete="new-password"
          hint={t('passwordHint')}
          error={errors.new_password?.message}
          {...form.register('new_password', PASSWORD_RULES)}
        />
        <TextField
          label={t('repeatPassword')}
          type="password"
          autoComplete="new-password"
          error={errors.repeat?.message}
          {...form.register('repeat', { validate: (value, { new_password }) => value === new_password || t('noMatch') })}
        />
        <p className="field-hint">{t('changePasswordWhy')}</p>
        <div>
          <Button type="submit" busy={isLoading}>
            {t('changePassword')}
          </Button>
        </div>
      </form>
    </section>
  );
}
