import { useLocation } from 'react-router';
import { ButtonLink } from '../ui/Button';
import { GonePage } from '../ui/states';
import { t } from './strings';

export function NotFoundPage() {
  const { pathname } = useLocation();
  return (
    <GonePage title={t('notFound')} action={<ButtonLink to="/collectors">{t('toCollectors')}</ButtonLink>}>
      {t('notFoundWhy', { path: pathname })}
    </GonePage>
  );
}
