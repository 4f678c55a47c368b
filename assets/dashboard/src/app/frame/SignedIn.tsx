import type { ReactNode } from 'react';
import { Navigate, useLocation } from 'react-router';
import { Failed } from '../../api/Failed';
import { problemStatus } from '../../api/problem';
import { useMeQuery, useSetupRequiredQuery } from '../../api/session';
import type { Session } from '../../api/types';
import { Loading } from '../../ui/states';
import { t } from '../strings';

/** Its children are drawn only while somebody is signed in. */
export function SignedIn({ children }: { children: (session: Session) => ReactNode }) {
  const me = useMeQuery();
  const signedOut = problemStatus(me.error) === 401;
  const setup = useSetupRequiredQuery(undefined, { skip: !signedOut });
  const { pathname, search } = useLocation();

  if (signedOut) {
    if (setup.isLoading) return null;
    if (setup.data?.required) return <Navigate to="/setup" replace />;
    const next = pathname + search;
    return <Navigate to={next === '/' ? '/login' : `/login?next=${encodeURIComponent(next)}`} replace />;
  }
  if (me.data) return children(me.data);
  if (me.error) {
    return (
      <main className="frame-failure">
        <h1>{t('product')}</h1>
        <Failed what={t('product')} error={me.error} onRetry={me.refetch} />
      </main>
    );
  }
  return <Loading />;
}
