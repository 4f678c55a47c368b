import { useMemo } from 'react';
import type { Collector } from '../api/types';
import { useCollectorsQuery } from './api';

export function tagsOf(collectors: Collector[]): string[] {
  return [...new Set(collectors.flatMap(({ tags }) => tags))].sort();
}

/** Every tag of the fleet, to suggest. */
export function useKnownTags(): string[] {
  const fleet = useCollectorsQuery().data;
  return useMemo(() => tagsOf(Object.values(fleet?.entities ?? {})), [fleet]);
}
