import { useLocation } from 'react-router';
import { usePageTitle } from '../lib/hooks';
import { ButtonLink } from '../ui/Button';
import { t } from './strings';
import '../ui/states.css';

export function NotFoundPage() {
  const { pathname } = useLocation();
  usePageTitle(t('notFound'));
  return (
    <div className="state">
      <h1>{t('notFound')}</h1>
      <p>{t('notFoundWhy', { path: pathname })}</p>
      <ButtonLink to="/collectors">{t('toCollectors')}</ButtonLink>
    </div>
  );
}
