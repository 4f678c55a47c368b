import { api } from '../api/client';
import type { Account, Role } from '../api/types';

export interface Job {
  name: string;
  about: string;
  last_finished_at: string | null;
  last_result: string | null;
  last_succeeded: boolean | null;
}

export interface SystemState {
  version: string;
  sqlite_version: string;
  started_at: string;
  uptime_seconds: number;
  /** The daemon had not been stopped in good order before this start. */
  recovered: boolean;
  storage: {
    data_dir: string;
    registry_bytes: number;
    hot_bytes: number;
    disk_total_bytes: number;
    disk_free_bytes: number;
  };
}

type Written = 'Users' | 'Audit';

function changed(_: unknown, error: unknown): Written[] {
  return error ? [] : ['Users', 'Audit'];
}

const settingsApi = api.injectEndpoints({
  endpoints: (build) => ({
    users: build.query<Account[], void>({
      query: () => 'users',
      transformResponse: (reply: { users: Account[] }) => reply.users,
      providesTags: ['Users'],
    }),
    createUser: build.mutation<Account, { username: string; password: string; role: Role }>({
      query: (body) => ({ url: 'users', method: 'POST', body }),
      invalidatesTags: changed,
    }),
    updateUser: build.mutation<Account, { id: string; role?: Role; disabled?: boolean }>({
      query: ({ id, ...change }) => ({ url: `users/${encodeURIComponent(id)}`, method: 'PUT', body: change }),
      invalidatesTags: changed,
    }),
    deleteUser: build.mutation<null, string>({
      query: (id) => ({ url: `users/${encodeURIComponent(id)}`, method: 'DELETE' }),
      invalidatesTags: changed,
    }),
    resetPassword: build.mutation<null, { id: string; password: string }>({
      query: ({ id, password }) => ({ url: `users/${encodeURIComponent(id)}/reset-password`, method: 'POST', body: { password } }),
      invalidatesTags: changed,
    }),
    system: build.query<SystemState, void>({ query: () => 'system', providesTags: ['System'] }),
    jobs: build.query<Job[], void>({
      query: () => 'jobs',
      transformResponse: (reply: { jobs: Job[] }) => reply.jobs,
      providesTags: ['System'],
    }),
  }),
});

export const {
  useUsersQuery,
  useCreateUserMutation,
  useUpdateUserMutation,
  useDeleteUserMutation,
  useResetPasswordMutation,
  useSystemQuery,
  useJobsQuery,
} = settingsApi;
