import type { ComponentProps } from 'react';
import { TextField } from '../../ui/Field';
import { t } from './strings';

/** Name and handlers of a field, as the form registers it. */
type Wiring = Omit<ComponentProps<typeof TextField>, 'label'>;

export function ReasonField(wiring: Wiring) {
  return <TextField label={t('reason')} hint={t('reasonHint')} {...wiring} />;
}

export function DurationField(wiring: Wiring) {
  return <TextField label={t('duration')} type="number" inputMode="numeric" min={1} hint={t('durationHint')} {...wiring} />;
}
