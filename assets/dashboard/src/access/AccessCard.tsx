import type { ReactNode } from 'react';
import { usePageTitle } from '../lib/hooks';
import { Logo } from '../ui/Logo';
import { t } from './strings';
import './access.css';

/** The card in the middle of the pages for people who are not signed in. */
export function AccessCard({ title, children }: { title: string; children: ReactNode }) {
  usePageTitle(title);
  return (
    <main className="access">
      <div className="access-card card">
        <p className="access-product">
          <Logo size={28} />
          {t('product')}
        </p>
        <h1>{title}</h1>
        {children}
      </div>
    </main>
  );
}
