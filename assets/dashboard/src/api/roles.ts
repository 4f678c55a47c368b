// The roles as people read them.
import { messages } from '../lib/messages';
import type { Role } from './types';

const t = messages({ viewer: 'Viewer', auditor: 'Auditor', operator: 'Operator', admin: 'Admin' });

export const ROLES: { value: Role; label: string }[] = [
  { value: 'viewer', label: t('viewer') },
  { value: 'auditor', label: t('auditor') },
  { value: 'operator', label: t('operator') },
  { value: 'admin', label: t('admin') },
];

export function roleLabel(role: string): string {
  return ROLES.find(({ value }) => value === role)?.label ?? role;
}

/** The roles that may do no more than this one; the server hands out no other. */
export function rolesWithin(own: Role | undefined) {
  return ROLES.filter(({ value }) => value === own || own === 'admin' || value === 'viewer');
}
