// The pages that the navigation, the palette and the shortcuts offer.
import type { Permission } from '../api/session';
import type { IconName } from '../ui/Icon';
import { t } from './strings';

export interface Page {
  path: string;
  label: string;
  icon: IconName;
  keys: string;
  needs?: Permission;
}

export const PAGES: Page[] = [
  { path: '/', label: t('overview'), icon: 'overview', keys: 'g o' },
  { path: '/collectors', label: t('collectors'), icon: 'collectors', keys: 'g c' },
  { path: '/audit', label: t('audit'), icon: 'audit', keys: 'g a', needs: 'readAudit' },
  { path: '/settings', label: t('settings'), icon: 'settings', keys: 'g s' },
];

export function isCurrent(page: Page, pathname: string): boolean {
  return page.path === '/' ? pathname === '/' : pathname.startsWith(page.path);
}
