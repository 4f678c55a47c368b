// A log as it is read: filters, the window of entries, hits, and following
// its end. Where the entries come from is not known here.
import { useEffect, useMemo, useRef, useState, type ReactNode } from 'react';
import { usePhone } from '../../../lib/hooks';
import { Button } from '../../../ui/Button';
import { EmptyState } from '../../../ui/states';
import { hitsOf, type Loaded } from './entries';
import { LogBar } from './LogBar';
import { LogTable } from './LogTable';
import { t } from './strings';
import { PROBE, useLogScroll } from './useLogScroll';

type BarProps = Parameters<typeof LogBar>[0];

export interface LogViewProps {
  loaded: Loaded;
  all: number | null;
  search: string;
  hasOlder: boolean;
  loadingOlder: boolean;
  onOlder: () => void;
  onClear: () => void;
  line: number | null;
  linkTo: (entry: Loaded['entries'][number]) => string;
  /** Why there may be nothing at all. */
  emptyWhy: ReactNode;
  bar: Pick<BarProps, 'box' | 'source' | 'search' | 'levels' | 'counts' | 'onSource' | 'onSearch' | 'onSettle' | 'onLevels' | 'onExport'>;
}

export function LogView({ loaded, all, search, hasOlder, loadingOlder, onOlder, onClear, line, linkTo, emptyWhy, bar }: LogViewProps) {
  const { entries } = loaded;
  const [follow, setFollow] = useState(line === null);
  const [wrap, setWrap] = useState(false);
  const phone = usePhone();
  const region = useRef<HTMLDivElement>(null);
  const scroll = useLogScroll(region, { entries, wrap, phone, follow, onPause: () => setFollow(false) });
  const hits = useMemo(() => hitsOf(entries, search), [entries, search]);
  const matches = useMatches(hits.length, search, (place) => hits[place] && scroll.show(hits[place].row));
  const arrived = useArrived(entries, follow);
  const lineGone = useLine(line, entries, hasOlder && !loadingOlder, onOlder, scroll.show);
  const jump = () => {
    setFollow(true);
    if (region.current) region.current.scrollTop = region.current.scrollHeight;
  };

  return (
    <>
      <LogBar
        {...bar}
        follow={follow}
        onFollow={(on) => (on ? jump() : setFollow(false))}
        wrap={wrap}
        onWrap={phone ? null : setWrap}
        matches={{ at: matches.at, count: hits.length, onMove: matches.move }}
        onLatest={jump}
        summary={t('showing', { shown: entries.length, all: all ?? loaded.total })}
      />
      {lineGone && <p className="muted">{t('lineGone')}</p>}
      <div className="log-place">
        <div className="log-list card" role="region" aria-label={t('title')} tabIndex={0} ref={region}>
          <span className="log-probe mono" aria-hidden="true">
            {PROBE}
          </span>
          {hasOlder && entries.length > 0 && (
            <p className="log-older">
              <Button busy={loadingOlder} onClick={onOlder}>
                {t('older')}
              </Button>
            </p>
          )}
          {entries.length === 0 ? (
            <Nothing filtered={bar.search !== '' || bar.levels.length > 0} why={emptyWhy} onClear={onClear} />
          ) : (
            <LogTable
              {...{ entries, wrap, search, line, linkTo }}
              visible={scroll.visible}
              above={scroll.above}
              below={scroll.below}
              top={scroll.top}
              current={hits[matches.at ?? -1]}
            />
          )}
        </div>
        {arrived > 0 && (
          <Button className="log-arrived" icon="arrowDown" onClick={jump}>
            {t('arrived', { n: arrived })}
          </Button>
        )}
      </div>
    </>
  );
}

function Nothing({ filtered, why, onClear }: { filtered: boolean; why: ReactNode; onClear: () => void }) {
  if (!filtered) return <EmptyState title={t('empty')}>{why}</EmptyState>;
  return <EmptyState title={t('noMatch')} action={<Button onClick={onClear}>{t('clear')}</Button>} />;
}

/** Which hit is looked at; the first one of a new search, which scrolls nothing. */
function useMatches(count: number, search: string, onShow: (place: number) => void) {
  const [at, setAt] = useState(0);
  useEffect(() => setAt(0), [search]);
  const move = (step: number) => {
    if (count === 0) return;
    const next = (at + step + count) % count;
    setAt(next);
    onShow(next);
  };
  return { at: count > 0 ? Math.min(at, count - 1) : null, move };
}

/** How many entries came since somebody stopped following. */
function useArrived(entries: Loaded['entries'], follow: boolean): number {
  const newestId = entries.reduce((most, { id }) => Math.max(most, id), 0);
  const seen = useRef(newestId);
  if (follow) seen.current = newestId;
  return follow ? 0 : entries.reduce((count, { id }) => count + (id > seen.current ? 1 : 0), 0);
}

/** Pages to look through for the entry that the address points at. */
const LINE_PAGES = 10;

/** Shows that entry once; answers whether it can't be found. */
function useLine(
  line: number | null,
  entries: Loaded['entries'],
  mayLoad: boolean,
  onOlder: () => void,
  show: (row: number) => void,
): boolean {
  const shown = useRef<number | null>(null);
  const pages = useRef(0);
  const row = line === null ? -1 : entries.findIndex(({ id }) => id === line);
  useEffect(() => {
    if (line === null || shown.current === line) return;
    if (row !== -1) {
      shown.current = line;
      show(row);
    } else if (mayLoad && pages.current < LINE_PAGES) {
      pages.current += 1;
      onOlder();
    }
  }, [line, row, mayLoad, onOlder, show]);
  return line !== null && row === -1 && entries.length > 0 && (!mayLoad || pages.current >= LINE_PAGES);
}
