// What a page shows when it has no data to show: loading, empty, no match,
// failed, not allowed.
import type { ReactNode } from 'react';
import { useLasting, usePageTitle } from '../lib/hooks';
import { messages } from '../lib/messages';
import { Button } from './Button';
import { Icon } from './Icon';
import './states.css';

const t = messages({
  couldNotLoad: 'Could not load {what}: {why}',
  request: 'Request {id}',
  retry: 'Retry',
  denied: 'You do not have permission',
  deniedWhy: 'This page needs the role {role}. Ask an administrator of this appliance.',
  loading: 'Loading',
});

const SHOW_SKELETON_AFTER_MS = 150;

/** Grey bars of a fixed height, so that the page does not jump when data comes. */
export function Loading({ rows = 6 }: { rows?: number }) {
  const lasting = useLasting(true, SHOW_SKELETON_AFTER_MS);
  return (
    <div className="skeleton-rows" aria-busy="true">
      <span className="hidden-visually">{t('loading')}</span>
      {Array.from({ length: rows }, (_, row) => (
        <div key={row} className="skeleton" style={{ width: `${96 - ((row * 13) % 30)}%`, opacity: lasting ? 1 : 0 }} />
      ))}
    </div>
  );
}

interface EmptyStateProps {
  title: string;
  children?: ReactNode;
  action?: ReactNode;
  heading?: 'h1' | 'h2';
}

export function EmptyState({ title, children, action, heading: Heading = 'h2' }: EmptyStateProps) {
  return (
    <div className="state">
      <Heading>{title}</Heading>
      {children && <p>{children}</p>}
      {action}
    </div>
  );
}

/** In place of a page whose address leads to nothing. */
export function GonePage(state: Omit<EmptyStateProps, 'heading'>) {
  usePageTitle(state.title);
  return <EmptyState heading="h1" {...state} />;
}

interface LoadFailureProps {
  what: string;
  why: string;
  requestId?: string | undefined;
  onRetry: () => void;
}

/** Says what failed and why; the last good data stays beside it. */
export function LoadFailure({ what, why, requestId, onRetry }: LoadFailureProps) {
  return (
    <div className="problem">
      <Icon name="error" />
      <p role="alert">
        {t('couldNotLoad', { what, why })}
        {requestId && <span className="meta mono"> {t('request', { id: requestId })}</span>}
      </p>
      <Button icon="refresh" onClick={onRetry}>
        {t('retry')}
      </Button>
    </div>
  );
}

export function NoPermission({ page, role }: { page: string; role: string }) {
  usePageTitle(page);
  return (
    <>
      <div className="page-head">
        <h1>{page}</h1>
      </div>
      <div className="card">
        <EmptyState title={t('denied')}>{t('deniedWhy', { role })}</EmptyState>
      </div>
    </>
  );
}
