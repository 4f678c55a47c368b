// Every address of the dashboard. The sign-in loads little; the frame and the
// pages come in chunks of their own.
import { createBrowserRouter, Navigate } from 'react-router';
import { LoginPage } from '../access/LoginPage';
import { CrashPage } from './CrashPage';
import { FailedPage } from './FailedPage';

export const router = createBrowserRouter([
  { path: '/login', element: <LoginPage />, errorElement: <CrashPage /> },
  {
    path: '/setup',
    errorElement: <CrashPage />,
    HydrateFallback: Nothing,
    lazy: async () => ({ Component: (await import('../access/SetupPage')).SetupPage }),
  },
  {
    path: '/',
    errorElement: <CrashPage />,
    HydrateFallback: Nothing,
    lazy: async () => ({ Component: (await import('./frame/Frame')).Frame }),
    children: [
      {
        // The frame stays, and its links lead away from a page that fails.
        errorElement: <FailedPage />,
        children: [
          { index: true, lazy: async () => ({ Component: (await import('./overview/OverviewPage')).OverviewPage }) },
          {
            path: 'collectors',
            children: [
              { index: true, lazy: async () => ({ Component: (await import('../collectors/list/CollectorsPage')).CollectorsPage }) },
              { path: 'register', lazy: async () => ({ Component: (await import('../collectors/register/RegisterPage')).RegisterPage }) },
              { path: 'import', lazy: async () => ({ Component: (await import('../collectors/import/ImportPage')).ImportPage }) },
              { path: 'archived', lazy: async () => ({ Component: (await import('../collectors/archived/ArchivedPage')).ArchivedPage }) },
              { path: ':id', element: <Navigate to="overview" replace /> },
              { path: ':id/:tab', lazy: async () => ({ Component: (await import('../collectors/detail/CollectorPage')).CollectorPage }) },
            ],
          },
          {
            path: 'operations',
            lazy: async () => ({ Component: (await import('../collectors/operations/OperationsPage')).OperationsPage }),
          },
          {
            path: 'operations/:id',
            lazy: async () => ({ Component: (await import('../collectors/operations/OperationPage')).OperationPage }),
          },
          { path: 'audit', lazy: async () => ({ Component: (await import('../audit/AuditPage')).AuditPage }) },
          { path: 'settings', element: <Navigate to="preferences" replace /> },
          { path: 'settings/:tab', lazy: async () => ({ Component: (await import('../settings/SettingsPage')).SettingsPage }) },
          { path: '*', lazy: async () => ({ Component: (await import('./NotFoundPage')).NotFoundPage }) },
        ],
      },
    ],
  },
]);

/** Before the first chunk is there, the page keeps its background colour. */
function Nothing() {
  return null;
}
