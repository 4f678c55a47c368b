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
  /** Other addresses that belong to it. */
  also?: string;
}

export const PAGES: Page[] = [
  { path: '/', label: t('overview'), icon: 'overview', keys: 'g o' },
  { path: '/collectors', label: t('collectors'), icon: 'collectors', keys: 'g c', also: '/operations' },
  { path: '/audit', label: t('audit'), icon: 'audit', keys: 'g a', needs: 'readAudit' },
  { path: '/settings', label: t('settings'), icon: 'settings', keys: 'g s' },
];

export function isCurrent(page: Page, pathname: string): boolean {
  if (page.path === '/') return pathname === '/';
  return pathname.startsWith(page.path) || (page.also !== undefined && pathname.startsWith(page.also));
}
