// What is set of a collector's collecting, when it is registered and later:
// the rules of both numbers, and their fields.
import type { ComponentProps } from 'react';
import { z } from 'zod';
import { TextField } from '../ui/Field';
import { t } from './strings';

/** A whole number from a text field. */
export function whole(least: number, most: number, message: string) {
  return z.coerce.number(message).int(message).min(least, message).max(most, message);
}

const INTERVAL = { min: 10, max: 3600 };
const QUERIES = { min: 1, max: 10_000 };

export const COLLECTION_RULES = {
  collection_interval: whole(INTERVAL.min, INTERVAL.max, t('intervalRange')),
  query_limit: whole(QUERIES.min, QUERIES.max, t('limitRange')),
};

/** Name and handlers of a field, as the form registers it. */
type Wiring = Omit<ComponentProps<typeof TextField>, 'label'>;

export function CollectionFields({ interval, limit }: { interval: Wiring; limit: Wiring }) {
  return (
    <>
      <TextField label={t('interval')} type="number" {...INTERVAL} hint={t('intervalHint')} {...interval} />
      <TextField label={t('queryLimit')} type="number" {...QUERIES} hint={t('queryLimitHint')} {...limit} />
    </>
  );
}
