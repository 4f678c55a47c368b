// Groups, which several pages need: filters, forms and settings.
import { api } from './client';
import type { Group, NewGroup } from './types';

export const groupsApi = api.injectEndpoints({
  endpoints: (build) => ({
    groups: build.query<Group[], void>({
      query: () => 'groups',
      transformResponse: (reply: { groups: Group[] }) => reply.groups,
      providesTags: ['Groups'],
    }),
    createGroup: build.mutation<Group, NewGroup>({
      query: (body) => ({ url: 'groups', method: 'POST', body }),
      invalidatesTags: changed,
    }),
    updateGroup: build.mutation<Group, { id: string; group: NewGroup }>({
      query: ({ id, group }) => ({ url: `groups/${encodeURIComponent(id)}`, method: 'PUT', body: group }),
      invalidatesTags: changed,
    }),
    deleteGroup: build.mutation<null, string>({
      query: (id) => ({ url: `groups/${encodeURIComponent(id)}`, method: 'DELETE' }),
      invalidatesTags: changed,
    }),
  }),
});

function changed(_: unknown, error: unknown): ('Groups' | 'Collectors' | 'Audit')[] {
  return error ? [] : ['Groups', 'Collectors', 'Audit'];
}

export const { useGroupsQuery, useCreateGroupMutation, useUpdateGroupMutation, useDeleteGroupMutation } = groupsApi;
