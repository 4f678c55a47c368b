import { useRouteError } from 'react-router';
import { usePageTitle } from '../lib/hooks';
import { LoadFailure } from '../ui/states';
import { t } from './strings';

/** In place of a page that threw, or whose chunk did not come; a reload asks for it again. */
export function FailedPage() {
  const error = useRouteError();
  usePageTitle(t('crashed'));
  return (
    <>
      <div className="page-head">
        <h1>{t('crashed')}</h1>
      </div>
      <LoadFailure what={t('thePage')} why={error instanceof Error ? error.message : String(error)} onRetry={() => location.reload()} />
    </>
  );
}
