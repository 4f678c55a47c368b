import { useMemo } from 'react';
import type { Collector } from '../../api/types';
import { problemText, requestId } from '../../api/problem';
import { useMay } from '../../api/session';
import { usePageTitle } from '../../lib/hooks';
import { ButtonLink } from '../../ui/Button';
import { EmptyState, Loading, LoadFailure } from '../../ui/states';
import { useCollectorsQuery } from '../api';
import { t } from '../strings';
import { FleetView } from './FleetView';
import './list.css';

const NOBODY: Collector[] = [];

export function CollectorsPage() {
  usePageTitle(t('collectors'));
  const fleet = useCollectorsQuery();
  const mayRegister = useMay('administer');
  const collectors = useMemo(() => (fleet.data ? Object.values(fleet.data.entities) : NOBODY), [fleet.data]);
  return (
    <div className="fleet">
      <div className="page-head">
        <h1 className="grow">{t('collectors')}</h1>
        <PageLinks mayRegister={mayRegister} />
      </div>
      {fleet.error && (
        <LoadFailure
          what={t('theCollectors')}
          why={problemText(fleet.error)}
          requestId={requestId(fleet.error)}
          onRetry={() => void fleet.refetch()}
        />
      )}
      {fleet.isLoading && <Loading rows={10} />}
      {fleet.data && collectors.length === 0 && <NoCollectors mayRegister={mayRegister} />}
      {collectors.length > 0 && <FleetView collectors={collectors} />}
    </div>
  );
}

/** Where else to go from here. Everybody may look at the archive; the rest is for administrators. */
function PageLinks({ mayRegister }: { mayRegister: boolean }) {
  return (
    <div className="page-links">
      <ButtonLink look="quiet" icon="operations" to="/operations">
        {t('operations')}
      </ButtonLink>
      <ButtonLink look="quiet" icon="archive" to="/collectors/archived">
        {t('archived')}
      </ButtonLink>
      {mayRegister && (
        <>
          <ButtonLink look="quiet" icon="upload" to="/collectors/import">
            {t('import')}
          </ButtonLink>
          <ButtonLink look="primary" icon="plus" to="/collectors/register">
            {t('register')}
          </ButtonLink>
        </>
      )}
    </div>
  );
}

function NoCollectors({ mayRegister }: { mayRegister: boolean }) {
  return (
    <div className="card">
      <EmptyState
        title={t('empty')}
        action={
          mayRegister && (
            <ButtonLink to="/collectors/register" icon="plus">
              {t('register')}
            </ButtonLink>
          )
        }
      >
        {t(mayRegister ? 'emptyWhy' : 'emptyWhyViewer')}
      </EmptyState>
    </div>
  );
}
