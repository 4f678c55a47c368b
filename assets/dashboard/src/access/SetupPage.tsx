import { useForm } from 'react-hook-form';
import { Link, useNavigate } from 'react-router';
import { showFieldProblems } from '../api/formProblems';
import { problemText } from '../api/problem';
import { useSetUpMutation, useSetupRequiredQuery } from '../api/session';
import { Button } from '../ui/Button';
import { TextField } from '../ui/Field';
import { Refusal } from '../ui/Refusal';
import { AccessCard } from './AccessCard';
import { t } from './strings';

interface Values {
  code: string;
  username: string;
  password: string;
  repeat: string;
}

export function SetupPage() {
  const navigate = useNavigate();
  const setup = useSetupRequiredQuery();
  const [setUp, { isLoading, error }] = useSetUpMutation();
  const form = useForm<Values>({ mode: 'onTouched', defaultValues: { code: '', username: '', password: '', repeat: '' } });
  const { errors } = form.formState;

  const submit = form.handleSubmit(async ({ code, username, password }) => {
    const answer = await setUp({ code: code.trim(), username: username.trim(), password });
    if (!answer.error) return void navigate('/login', { replace: true, state: { created: true } });
    showFieldProblems(form, answer.error);
  });

  if (setup.data && !setup.data.required && !form.formState.isSubmitSuccessful) {
    return (
      <AccessCard title={t('done')}>
        <p className="muted">{t('doneWhy')}</p>
        <p>
          <Link to="/login">{t('signIn')}</Link>
        </p>
      </AccessCard>
    );
  }
  return (
    <AccessCard title={t('setup')}>
      <p className="muted">{t('setupWhy')}</p>
      <form onSubmit={(event) => void submit(event)} noValidate>
        {error && <Refusal text={problemText(error)} />}
        <TextField
          label={t('setupCode')}
          autoComplete="off"
          spellCheck={false}
          autoFocus
          className="mono-field"
          error={errors.code?.message}
          {...form.register('code', { required: t('needCode') })}
        />
        <TextField
          label={t('username')}
          autoComplete="username"
          autoCapitalize="none"
          spellCheck={false}
          error={errors.username?.message}
          {...form.register('username', { required: t('needUsername') })}
        />
        <TextField
          label={t('password')}
          type="password"
          autoComplete="new-password"
          hint={t('passwordHint')}
          error={errors.password?.message}
          {...form.register('password', {
            minLength: { value: 12, message: t('shortPassword') },
            maxLength: { value: 256, message: t('longPassword') },
            required: t('shortPassword'),
          })}
        />
        <TextField
          label={t('repeat')}
          type="password"
          autoComplete="new-password"
          error={errors.repeat?.message}
          {...form.register('repeat', { validate: (value, { password }) => value === password || t('noMatch') })}
        />
        <Button look="primary" type="submit" busy={isLoading}>
          {t('create')}
        </Button>
      </form>
    </AccessCard>
  );
}
