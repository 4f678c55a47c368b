import { Link, useLocation } from 'react-router';
import { usePhone, usePreferences } from '../../lib/hooks';
import { setPreferences } from '../../lib/preferences';
import { IconButton } from '../../ui/Button';
import { Icon } from '../../ui/Icon';
import { Logo } from '../../ui/Logo';
import { isCurrent, type Page } from '../pages';
import { t } from '../strings';

/** The navigation: a rail at the side, a bar at the foot of a phone. */
export function Rail({ pages }: { pages: Page[] }) {
  const { pathname } = useLocation();
  const { railCollapsed } = usePreferences();
  const phone = usePhone();
  const narrow = railCollapsed && !phone;
  return (
    <div className="rail">
      {!phone && (
        <p className="rail-product" aria-hidden="true">
          <Logo size={24} />
          {!narrow && t('product')}
        </p>
      )}
      <nav aria-label={t('main')}>
        <ul>
          {pages.map((page) => (
            <li key={page.path}>
              <Link
                to={page.path}
                className="rail-link"
                aria-current={isCurrent(page, pathname) ? 'page' : undefined}
                {...(narrow ? { 'aria-label': page.label, 'data-tip': page.label } : {})}
              >
                <Icon name={page.icon} size={18} />
                {!narrow && page.label}
              </Link>
            </li>
          ))}
        </ul>
      </nav>
      {!phone && (
        <IconButton
          className="rail-collapse"
          icon={narrow ? 'chevronRight' : 'chevronLeft'}
          label={t(narrow ? 'expand' : 'collapse')}
          onClick={() => setPreferences({ railCollapsed: !railCollapsed })}
        />
      )}
    </div>
  );
}
