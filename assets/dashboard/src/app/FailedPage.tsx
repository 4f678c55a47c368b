import { useSelector } from 'react-redux';
import { useRouteError } from 'react-router';
import { usePageTitle } from '../lib/hooks';
import { LoadFailure } from '../ui/states';
import type { AppState } from './store';
import { t } from './strings';

/** In place of a page that threw, or whose chunk did not come; a reload asks for it again. */
export function FailedPage() {
  const error = useRouteError();
  const away = useSelector((app: AppState) => app.connection.state === 'offline');
  usePageTitle(t('crashed'));
  const why = away ? t('away') : error instanceof Error ? error.message : String(error);
  return (
    <>
      <div className="page-head">
        <h1>{t('crashed')}</h1>
      </div>
      <LoadFailure what={t('thePage')} why={why} onRetry={() => location.reload()} />
    </>
  );
}
