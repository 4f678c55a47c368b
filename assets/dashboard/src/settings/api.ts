import { api } from '../api/client';
import type {
  Account,
  ApiToken,
  Job,
  MadeApiToken,
  MadeRegistrationSecret,
  NewApiToken,
  NewRegistrationSecret,
  NewUser,
  RegistrationSecret,
  SystemState,
  UserChange,
} from '../api/types';

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
    createUser: build.mutation<Account, NewUser>({
      query: (body) => ({ url: 'users', method: 'POST', body }),
      invalidatesTags: changed,
    }),
    updateUser: build.mutation<Account, UserChange & { id: string }>({
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
    tokens: build.query<ApiToken[], void>({
      query: () => 'api-tokens',
      transformResponse: (reply: { api_tokens: ApiToken[] }) => reply.api_tokens,
      providesTags: ['Tokens'],
    }),
    createToken: build.mutation<MadeApiToken, NewApiToken>({
      query: (body) => ({ url: 'api-tokens', method: 'POST', body }),
      invalidatesTags: (_, error) => (error ? [] : ['Tokens', 'Audit']),
    }),
    revokeToken: build.mutation<null, string>({
      query: (id) => ({ url: `api-tokens/${encodeURIComponent(id)}`, method: 'DELETE' }),
      invalidatesTags: (_, error) => (error ? [] : ['Tokens', 'Audit']),
    }),
    secrets: build.query<RegistrationSecret[], void>({
      query: () => 'registration-secrets',
      transformResponse: (reply: { registration_secrets: RegistrationSecret[] }) => reply.registration_secrets,
      providesTags: ['Secrets'],
    }),
    createSecret: build.mutation<MadeRegistrationSecret, NewRegistrationSecret>({
      query: (body) => ({ url: 'registration-secrets', method: 'POST', body }),
      invalidatesTags: (_, error) => (error ? [] : ['Secrets', 'Audit']),
    }),
    deleteSecret: build.mutation<null, string>({
      query: (id) => ({ url: `registration-secrets/${encodeURIComponent(id)}`, method: 'DELETE' }),
      invalidatesTags: (_, error) => (error ? [] : ['Secrets', 'Audit']),
    }),
    system: build.query<SystemState, void>({ query: () => 'system', providesTags: ['System'] }),
    confirmClock: build.mutation<unknown, void>({
      query: () => ({ url: 'system/confirm-clock', method: 'POST' }),
      invalidatesTags: (_, error) => (error ? [] : ['System', 'Audit']),
    }),
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
  useTokensQuery,
  useCreateTokenMutation,
  useRevokeTokenMutation,
  useSecretsQuery,
  useCreateSecretMutation,
  useDeleteSecretMutation,
  useSystemQuery,
  useConfirmClockMutation,
  useJobsQuery,
} = settingsApi;
