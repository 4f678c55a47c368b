// The fleet as the URL asks for it: filters above, the list below, and what
// can be done to those that are chosen.
import { useMemo, useRef, useState } from 'react';
import { useMay } from '../../api/session';
import type { Collector } from '../../api/types';
import { useFocusKept } from '../../lib/focus';
import { usePhone } from '../../lib/hooks';
import { useViewParams } from '../../lib/viewParams';
import { Button } from '../../ui/Button';
import { SearchBox } from '../../ui/SearchBox';
import { useShortcuts } from '../../ui/shortcuts';
import { EmptyState } from '../../ui/states';
import { BulkBar, useBulkDialog } from '../bulk/BulkBar';
import { useFleetRecentQuery } from '../api';
import { t } from '../strings';
import { Filters } from './Filters';
import { RowList } from './RowList';
import { StatusToggles } from './StatusToggles';
import { Toolbar } from './Toolbar';
import { useHold } from './useHold';
import { useRows } from './useRows';
import { useSelection } from './useSelection';
import { CLEAR, isFiltered, readView } from './view';

/** As often as a point is added to the lines of the last hour. */
const RECENT_REFRESH_MS = 120_000;

export function FleetView({ collectors }: { collectors: Collector[] }) {
  const { params, change, typed, settled } = useViewParams();
  const view = useMemo(() => readView(params), [params]);
  const mayAdminister = useMay('administer');
  const selection = useSelection(collectors);
  const bulk = useBulkDialog(selection.clear);
  const place = useRef<HTMLDivElement>(null);
  const inside = useHold(place);
  const [, redraw] = useState(0);
  const held = inside || selection.chosen.length > 0;
  const { rows, shown, members, counts, candidates, pending, apply } = useRows(collectors, view, params.toString(), held);
  useFleetRecentQuery(undefined, { pollingInterval: RECENT_REFRESH_MS, refetchOnMountOrArgChange: true });
  const search = useRef<HTMLInputElement>(null);
  const phone = usePhone();
  useShortcuts({ '/': () => search.current?.focus() });
  useFocusKept(place);
  const showUpdates = () => {
    apply();
    redraw((n) => n + 1);
  };

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
      {/* The way from a row to "Apply" does not leave this, so the rows wait until it is pressed. */}
      <div className="fleet-place" ref={place}>
        <div className="fleet-summary">
          <p role="status">{t('showing', { shown, all: collectors.length })}</p>
          {pending > 0 && (
            <Button icon="refresh" onClick={showUpdates}>
              {t('apply', { n: pending })}
            </Button>
          )}
          <span className="grow" />
          {selection.chosen.length > 0 ? (
            <BulkBar selection={selection} members={members} onOpen={bulk.open} />
          ) : (
            <Toolbar members={members} phone={phone} />
          )}
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
            selection={mayAdminister ? selection : null}
            onSort={(sort, descending) =>
              change({
                sort: sort === 'name' && !descending ? null : sort,
                dir: sort === 'name' && !descending ? null : descending ? 'desc' : 'asc',
              })
            }
            phone={phone}
          />
        )}
      </div>
      {bulk.dialog}
    </>
  );
}
