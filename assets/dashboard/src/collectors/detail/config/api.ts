import { api } from '../../../api/client';
import type { ConfigVersion } from '../../../api/types';

export const configApi = api.injectEndpoints({
  endpoints: (build) => ({
    /** `version` and `applied` are those that the page knows: when either changes, the list is another one. */
    configVersions: build.query<ConfigVersion[], { id: string; version: number; applied: number | null }>({
      query: ({ id }) => `collectors/${encodeURIComponent(id)}/config-versions`,
      transformResponse: ({ versions }: { versions: ConfigVersion[] }) => versions,
    }),
  }),
});

export const { useConfigVersionsQuery } = configApi;
