import { useMemo, useRef, useState } from 'react';
import type { Collector } from '../../api/types';
import { problemText, requestId } from '../../api/problem';
import { useMay } from '../../api/session';
import { usePageTitle, usePhone } from '../../lib/hooks';
import { useViewParams } from '../../lib/viewParams';
import { Button, ButtonLink } from '../../ui/Button';
import { SearchBox } from '../../ui/SearchBox';
import { useShortcuts } from '../../ui/shortcuts';
import { EmptyState, Loading, LoadFailure } from '../../ui/states';
import { useCollectorsQuery } from '../api';
import { t } from '../strings';
import { Filters } from './Filters';
import { RowList } from './RowList';
import { StatusToggles } from './StatusToggles';
import { Toolbar } from './Toolbar';
import { useRows } from './useRows';
import { CLEAR, isFiltered, readView } from './view';
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
      <ButtonLink look="quiet" icon="archive" to="/collectors/archived">
        {t('archived')}
      </ButtonLink>
      {mayRegister && (
        <ButtonLink look="primary" icon="plus" to="/collectors/register">
          {t('register')}
        </ButtonLink>
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

function FleetView({ collectors }: { collectors: Collector[] }) {
  const { params, change, typed, settled } = useViewParams();
  const view = useMemo(() => readView(params), [params]);
  const [held, setHeld] = useState(false);
  const [, redraw] = useState(0);
  const { rows, members, counts, candidates, pending, apply } = useRows(collectors, view, params.toString(), held);
  const search = useRef<HTMLInputElement>(null);
  const phone = usePhone();
  useShortcuts({ '/': () => search.current?.focus() });

  return (
    <>
      <StatusToggles counts={counts} total={candidates} chosen={view.status} onChange={(status) => change({ status })} />
      <div className="fleet-bar">
        <SearchBox
          ref={search}
          className="fleet-search"
          label={t('search')}
          hint={t('searchHint')}
          value={view.q}
          onType={(text) => typed('q', text)}
          onSettle={settled}
        />
        <Filters collectors={collectors} view={view} onChange={change} phone={phone} />
        {isFiltered(view) && rows.length > 0 && (
          <Button look="quiet" icon="close" onClick={() => change(CLEAR)}>
            {t('clear')}
          </Button>
        )}
      </div>
      <div className="fleet-summary">
        <p role="status">{t('showing', { shown: members.length, all: collectors.length })}</p>
        {pending > 0 && (
          <Button
            icon="refresh"
            onClick={() => {
              apply();
              redraw((n) => n + 1);
            }}
          >
            {t('apply', { n: pending })}
          </Button>
        )}
        <span className="grow" />
        <Toolbar members={members} phone={phone} />
      </div>
      {rows.length === 0 ? (
        <div className="card">
          <EmptyState title={t('noMatch')} action={<Button onClick={() => change(CLEAR)}>{t('clear')}</Button>}>
            {t('noMatchWhy', { n: collectors.length })}
          </EmptyState>
        </div>
      ) : (
        <RowList
          rows={rows}
          view={view}
          onSort={(sort, descending) =>
            change({
              sort: sort === 'name' && !descending ? null : sort,
              dir: sort === 'name' && !descending ? null : descending ? 'desc' : 'asc',
            })
          }
          onHold={setHeld}
          phone={phone}
        />
      )}
    </>
  );
}
