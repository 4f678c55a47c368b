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
  { id: 'select', label: t('select'), width: 40, optional: false },
  { id: 'name', label: t('name'), width: null, sort: 'name', optional: false },
  { id: 'status', label: t('status'), width: 206, sort: 'status', optional: false },
  { id: 'group', label: t('group'), width: 142, sort: 'group', optional: true },
  { id: 'environment', label: t('environment'), width: 108, sort: 'environment', optional: true },
  { id: 'heartbeat', label: t('heartbeat'), width: 130, sort: 'heartbeat', optional: true },
  { id: 'cpu', label: t('cpu'), width: 72, sort: 'cpu', optional: true, number: true },
  { id: 'memory', label: t('memory'), width: 82, sort: 'memory', optional: true, number: true },
  { id: 'availability', label: t('availability'), width: 100, sort: 'availability', optional: true, number: true },
  { id: 'metrics', label: t('metrics'), width: 82, sort: 'metrics', optional: true, number: true },
  { id: 'actions', label: t('actions'), width: 44, optional: false, labelHidden: true },
];
