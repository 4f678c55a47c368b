import { t } from '../strings';
import type { Sort } from './view';

export interface Column {
  id: string;
  label: string;
  /** Pixels; the name takes what is left. */
  width: number | null;
  sort?: Sort;
  /** May be switched off under Columns. */
  optional: boolean;
  number?: boolean;
  labelHidden?: boolean;
}

export const COLUMNS: Column[] = [
  { id: 'select', label: t('select'), width: 36, optional: false },
  { id: 'name', label: t('name'), width: null, sort: 'name', optional: false },
  { id: 'status', label: t('status'), width: 176, sort: 'status', optional: false },
  { id: 'group', label: t('group'), width: 138, sort: 'group', optional: true },
  { id: 'environment', label: t('environment'), width: 112, sort: 'environment', optional: true },
  { id: 'heartbeat', label: t('heartbeat'), width: 122, sort: 'heartbeat', optional: true },
  { id: 'cpu', label: t('cpu'), width: 94, sort: 'cpu', optional: true, number: true },
  { id: 'memory', label: t('memory'), width: 94, sort: 'memory', optional: true, number: true },
  { id: 'availability', label: t('availability'), width: 102, sort: 'availability', optional: true, number: true },
  { id: 'metrics', label: t('metrics'), width: 74, sort: 'metrics', optional: true, number: true },
  { id: 'actions', label: t('actions'), width: 40, optional: false, labelHidden: true },
];
