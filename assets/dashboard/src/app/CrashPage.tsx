import { useEffect } from 'react';
import { useRouteError } from 'react-router';
import { Button } from '../ui/Button';
import { t } from './strings';
import '../ui/states.css';

/** Shown when a page throws; a reload also fetches chunks of a newer build. */
export function CrashPage() {
  const error = useRouteError();
  useEffect(() => {
    document.title = `${t('crashed')} · ${t('product')}`;
  }, []);
  return (
    <main className="state">
      <h1>{t('crashed')}</h1>
      <p className="mono">{error instanceof Error ? error.message : String(error)}</p>
      <Button onClick={() => location.reload()}>{t('reload')}</Button>
    </main>
  );
}
