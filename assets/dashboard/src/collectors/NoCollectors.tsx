import { useMay } from '../api/session';
import { ButtonLink } from '../ui/Button';
import { EmptyState } from '../ui/states';
import { t } from './strings';

/** In place of an empty fleet: where to begin, for those who may. */
export function NoCollectors() {
  const mayRegister = useMay('administer');
  const register = mayRegister && (
    <ButtonLink look="primary" icon="plus" to="/collectors/register">
      {t('register')}
    </ButtonLink>
  );
  return (
    <div className="card">
      <EmptyState title={t('empty')} action={register}>
        {t(mayRegister ? 'emptyWhy' : 'emptyWhyViewer')}
      </EmptyState>
    </div>
  );
}
