import type { ReactNode } from 'react';
import { usePageTitle } from '../lib/hooks';
import { t } from './strings';
import './access.css';

/** The card in the middle of the pages for people who are not signed in. */
export function AccessCard({ title, children }: { title: string; children: ReactNode }) {
  usePageTitle(title);
  return (
    <main className="access">
      <div className="access-card card">
        <p className="access-product">
          <svg width="28" height="28" viewBox="0 0 32 32" aria-hidden="true">
            <rect width="32" height="32" rx="7" fill="var(--primary)" />
            <path
              d="M6 18h5l3-9 4 15 3-9 1.5 3H26"
              fill="none"
              stroke="var(--on-primary)"
              strokeWidth="2.6"
              strokeLinecap="round"
              strokeLinejoin="round"
            />
          </svg>
          {t('product')}
        </p>
        <h1>{title}</h1>
        {children}
      </div>
    </main>
  );
}
