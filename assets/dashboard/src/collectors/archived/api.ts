import { api } from '../../api/client';
import type { Archived, Returned, ReturnWish } from '../../api/types';

const archivedApi = api.injectEndpoints({
  endpoints: (build) => ({
    archived: build.query<Archived[], void>({
      query: () => 'collectors/archived',
      transformResponse: (reply: { archived_collectors: Archived[] }) => reply.archived_collectors,
      providesTags: ['Archived'],
    }),
    reRegister: build.mutation<Returned, ReturnWish>({
      query: (body) => ({ url: 'collectors/re-register', method: 'POST', body }),
      invalidatesTags: (_, error) => (error ? [] : ['Archived', 'Collectors', 'Audit']),
    }),
  }),
});

export const { useArchivedQuery, useReRegisterMutation } = archivedApi;
