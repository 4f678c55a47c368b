import { useRef, useState, type FormEvent } from 'react';
import { useDispatch } from 'react-redux';
import { Navigate, useLocation, useNavigate, useSearchParams } from 'react-router';
import { api } from '../api/client';
import { problemCode, problemStatus, problemText, type ApiError } from '../api/problem';
import { useSetupRequiredQuery, useSignInMutation } from '../api/session';
import { Button } from '../ui/Button';
import { TextField } from '../ui/Field';
import { AccessCard } from './AccessCard';
import { nextPath } from './nextPath';
import { t } from './strings';

function failureText(error: ApiError): string {
  if (problemStatus(error) === 401) return t(problemCode(error) === 'otp_invalid' ? 'codeWrong' : 'incorrect');
  if (problemStatus(error) === 429) return t('tooMany');
  return t('failed', { why: problemText(error) });
}

export function LoginPage() {
  const navigate = useNavigate();
  const dispatch = useDispatch();
  const [params] = useSearchParams();
  const { state } = useLocation();
  const setup = useSetupRequiredQuery();
  const [signIn, { isLoading }] = useSignInMutation();
  const [failure, setFailure] = useState('');
  const [askCode, setAskCode] = useState(false);
  const form = useRef<HTMLFormElement>(null);

  // Just after the setup this answer may still be the one from before.
  const created = (state as { created?: boolean } | null)?.created ?? false;
  if (setup.data?.required && !created) return <Navigate to="/setup" replace />;

  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const fields = new FormData(event.currentTarget);
    const [username = '', password = '', otp] = ['username', 'password', 'otp'].map((name) => String(fields.get(name) ?? ''));
    const missing = [...event.currentTarget.elements].find((each) => each instanceof HTMLInputElement && !each.value);
    if (missing instanceof HTMLInputElement) {
      missing.focus();
      return setFailure(t('missing'));
    }
    setFailure('');
    const answer = await signIn({ username, password, ...(otp ? { otp } : {}) });
    if (!answer.error) {
      dispatch(api.util.invalidateTags(['Session']));
      return void navigate(nextPath(params.get('next')), { replace: true });
    }
    if (problemCode(answer.error) === 'otp_required') return setAskCode(true);
    setFailure(failureText(answer.error));
    const box = form.current?.elements.namedItem(otp ? 'otp' : 'password');
    if (box instanceof HTMLInputElement) box.select();
  };

  return (
    <AccessCard title={t('signIn')}>
      {created && (
        <p className="access-note" role="status">
          {t('welcome')}
        </p>
      )}
      <form ref={form} onSubmit={(event) => void submit(event)} noValidate>
        {failure && (
          <p className="access-alert" role="alert">
            {failure}
          </p>
        )}
        <TextField
          label={t('username')}
          name="username"
          autoComplete="username"
          autoCapitalize="none"
          spellCheck={false}
          autoFocus
          readOnly={askCode}
        />
        <TextField label={t('password')} name="password" type="password" autoComplete="current-password" readOnly={askCode} />
        {askCode && <TextField label={t('code')} name="otp" autoComplete="one-time-code" inputMode="numeric" autoFocus />}
        <Button look="primary" type="submit" busy={isLoading}>
          {t(askCode ? 'verify' : 'signIn')}
        </Button>
      </form>
    </AccessCard>
  );
}
