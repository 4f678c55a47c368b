import { useMemo } from 'react';
import type { Collector } from '../../api/types';
import { Failed } from '../../api/Failed';
import { useMay } from '../../api/session';
import { usePageTitle } from '../../lib/hooks';
import { ButtonLink } from '../../ui/Button';
import { Loading } from '../../ui/states';
import { useCollectorsQuery } from '../api';
import { NoCollectors } from '../NoCollectors';
import { t } from '../strings';
import { FleetView } from './FleetView';
import './list.css';

const NOBODY: Collector[] = [];

export function CollectorsPage() {
  usePageTitle(t('collectors'));
  const fleet = useCollectorsQuery();
  const collectors = useMemo(() => (fleet.data ? Object.values(fleet.data.entities) : NOBODY), [fleet.data]);
  const empty = fleet.data !== undefined && collectors.length === 0;
  return (
    <div className="fleet">
      <div className="page-head">
        <h1 className="grow">{t('collectors')}</h1>
        <PageLinks empty={empty} />
      </div>
      <Failed what={t('theCollectors')} error={fleet.error} onRetry={fleet.refetch} />
      {fleet.isLoading && <Loading rows={10} />}
      {empty && <NoCollectors />}
      {collectors.length > 0 && <FleetView collectors={collectors} />}
    </div>
  );
}

/** Where else to go from here. The way to the first collector stands in the empty list itself. */
function PageLinks({ empty }: { empty: boolean }) {
  const mayRegister = useMay('administer');
  return (
    <div className="page-links">
      <ButtonLink look="quiet" icon="operations" to="/operations">
        {t('operations')}
      </ButtonLink>
      <ButtonLink look="quiet" icon="archive" to="/collectors/archived">
        {t('archived')}
      </ButtonLink>
      {mayRegister && (
        <ButtonLink look="quiet" icon="upload" to="/collectors/import">
          {t('import')}
        </ButtonLink>
      )}
      {mayRegister && !empty && (
        <ButtonLink look="primary" icon="plus" to="/collectors/register">
          {t('register')}
        </ButtonLink>
      )}
    </div>
  );
}
