import { Link, useLocation } from 'react-router';
import { usePhone, usePreferences } from '../../lib/hooks';
import { setPreferences } from '../../lib/preferences';
import { IconButton } from '../../ui/Button';
import { Icon } from '../../ui/Icon';
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
          <svg width="24" height="24" viewBox="0 0 32 32">
            <rect width="32" height="32" rx="7" fill="var(--primary)" />
            <path
              d="M6 18h5l3-9 4 15 3-9 1.5 3H26"
              fill="none"
              stroke="var(--on-primary)"
              strokeWidth="2.6"
              strokeLinecap="round"
              strokeLinejoin="round"
            />
          </svg>
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
