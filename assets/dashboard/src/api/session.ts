// Who is signed in, and what that role may do. The server decides again at
// each request; here it only decides what is drawn.
import { api, setCsrfToken } from './client';
import type { Role, Session } from './types';

interface Credentials {
  username: string;
  password: string;
  otp?: string;
}

export const sessionApi = api.injectEndpoints({
  endpoints: (build) => ({
    me: build.query<Session, void>({
      query: () => 'auth/me',
      providesTags: ['Session'],
      onQueryStarted: keepCsrfToken,
    }),
    signIn: build.mutation<Session, Credentials>({
      query: (body) => ({ url: 'auth/login', method: 'POST', body }),
      onQueryStarted: keepCsrfToken,
    }),
    refreshSession: build.mutation<Session, void>({
      query: () => ({ url: 'auth/refresh', method: 'POST' }),
      onQueryStarted: async (_, { dispatch, queryFulfilled }) => {
        const answer = await queryFulfilled.catch(() => null);
        if (!answer) return;
        setCsrfToken(answer.data.csrf_token);
        void dispatch(sessionApi.util.upsertQueryData('me', undefined, answer.data));
      },
    }),
    signOut: build.mutation<null, void>({
      query: () => ({ url: 'auth/logout', method: 'POST' }),
    }),
    changePassword: build.mutation<null, { current_password: string; new_password: string }>({
      query: (body) => ({ url: 'auth/change-password', method: 'POST', body }),
    }),
    setupRequired: build.query<{ required: boolean }, void>({
      query: () => 'setup',
      providesTags: ['Setup'],
    }),
    setUp: build.mutation<unknown, { code: string; username: string; password: string }>({
      query: (body) => ({ url: 'setup', method: 'POST', body }),
      invalidatesTags: (_, error) => (error ? [] : ['Setup']),
    }),
  }),
});

async function keepCsrfToken(_: unknown, { queryFulfilled }: { queryFulfilled: Promise<{ data: Session }> }): Promise<void> {
  const answer = await queryFulfilled.catch(() => null);
  if (answer?.data.csrf_token) setCsrfToken(answer.data.csrf_token);
}

export const {
  useMeQuery,
  useSignInMutation,
  useRefreshSessionMutation,
  useSignOutMutation,
  useChangePasswordMutation,
  useSetupRequiredQuery,
  useSetUpMutation,
} = sessionApi;

export type Permission = 'operate' | 'administer' | 'readAudit';

const ALLOWED: Record<Permission, Role[]> = {
  operate: ['operator', 'admin'],
  administer: ['admin'],
  readAudit: ['auditor', 'admin'],
};

export function may(role: Role | undefined, permission: Permission): boolean {
  return role !== undefined && ALLOWED[permission].includes(role);
}

export function useMay(permission: Permission): boolean {
  return may(useMeQuery().data?.user.role, permission);
}
