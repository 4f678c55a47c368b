import { useMemo, useRef, useState } from 'react';
import { Failed } from '../../../api/Failed';
import { useViewParams } from '../../../lib/viewParams';
import { Button } from '../../../ui/Button';
import { TimeRangePicker } from '../../../ui/chart/TimeRangePicker';
import { SelectField } from '../../../ui/Field';
import { SearchBox } from '../../../ui/SearchBox';
import { useShortcuts } from '../../../ui/shortcuts';
import { EmptyState, Loading } from '../../../ui/states';
import { useTimeRange } from '../../../lib/useTimeRange';
import { useStatementsQuery } from './api';
import { StatementDialog } from './StatementDialog';
import { matchingStatements, sortedStatements, SORTS, type Statement, type StatementSort } from './statements';
import { StatementTable } from './StatementTable';
import { t } from './strings';
import '../../../ui/filter.css';
import './queries.css';

/** The statements of a long range are much to read; they move on slower than charts. */
const MOVE_EVERY_MS = 30_000;
const DEFAULT_SORT: StatementSort = 'total';

export function QueriesTab({ id, interval }: { id: string; interval: number }) {
  const { params, change, typed, settled } = useViewParams();
  const { range, span, setRange } = useTimeRange(MOVE_EVERY_MS);
  const answer = useStatementsQuery({ id, interval, ...span });
  const search = params.get('q') ?? '';
  const sort = SORTS.find((each) => each === params.get('sort')) ?? DEFAULT_SORT;
  const box = useRef<HTMLInputElement>(null);
  useShortcuts({ '/': () => box.current?.focus() });

  return (
    <>
      <div className="queries-bar">
        <SearchBox
          ref={box}
          className="queries-search"
          label={t('search')}
          hint={t('searchHint')}
          value={search}
          onType={(text) => typed('q', text)}
          onSettle={settled}
        />
        <SelectField
          className="filter filter-native"
          label={t('sortBy')}
          value={sort}
          onChange={(event) => change({ sort: event.target.value === DEFAULT_SORT ? null : event.target.value })}
          options={SORTS.map((value) => ({ value, label: t(value) }))}
        />
        <span className="grow" />
        <TimeRangePicker range={range} onChange={setRange} />
      </div>
      <Failed what={t('theQueries')} error={answer.error} onRetry={answer.refetch} />
      {answer.isLoading && <Loading rows={10} />}
      {answer.data && <Found all={answer.data} search={search} sort={sort} onClear={() => change({ q: null })} />}
    </>
  );
}

function Found({ all, search, sort, onClear }: { all: Statement[]; search: string; sort: StatementSort; onClear: () => void }) {
  const [open, setOpen] = useState<Statement | null>(null);
  const shown = useMemo(() => sortedStatements(matchingStatements(all, search), sort), [all, search, sort]);
  if (all.length === 0) {
    return (
      <div className="card">
        <EmptyState title={t('empty')}>{t('emptyWhy')}</EmptyState>
      </div>
    );
  }
  if (shown.length === 0) {
    return (
      <div className="card">
        <EmptyState title={t('noMatch')} action={<Button onClick={onClear}>{t('clear')}</Button>} />
      </div>
    );
  }
  return (
    <>
      <div className="queries-notes">
        <p role="status">{t('shown', { n: shown.length, all: all.length })}</p>
        {all.some(({ wasReset }) => wasReset) && <p>{t('reset')}</p>}
        {all.every(({ calls }) => calls === null) && <p>{t('oneLook')}</p>}
      </div>
      <div className="card">
        <StatementTable statements={shown} onOpen={setOpen} />
      </div>
      {open && <StatementDialog statement={open} onClose={() => setOpen(null)} />}
    </>
  );
}
