import type { RefObject } from 'react';
import type { LogLevel } from '../../../api/types';
import { Button, IconButton } from '../../../ui/Button';
import { SearchBox } from '../../../ui/SearchBox';
import { Switch } from '../../../ui/Switch';
import { LEVELS } from './entries';
import { t } from './strings';

interface LogBarProps {
  box: RefObject<HTMLInputElement | null>;
  search: string;
  onSearch: (text: string) => void;
  onSettle: () => void;
  levels: LogLevel[];
  counts: Record<LogLevel, number>;
  onLevels: (levels: LogLevel[]) => void;
  follow: boolean;
  onFollow: (on: boolean) => void;
  wrap: boolean;
  /** Null where lines are always wrapped. */
  onWrap: ((on: boolean) => void) | null;
  matches: { at: number | null; count: number; onMove: (step: number) => void };
  onLatest: () => void;
  exportAddress: string;
  summary: string;
}

export function LogBar({ matches, ...bar }: LogBarProps) {
  const { levels, counts } = bar;
  const toggle = (level: LogLevel) => bar.onLevels(levels.includes(level) ? levels.filter((each) => each !== level) : [...levels, level]);
  return (
    <>
      <div className="log-bar">
        <SearchBox
          ref={bar.box}
          className="log-search"
          label={t('search')}
          hint={t('searchHint')}
          value={bar.search}
          onType={bar.onSearch}
          onSettle={bar.onSettle}
        />
        <IconButton icon="chevronUp" label={t('previous')} disabled={matches.count === 0} onClick={() => matches.onMove(-1)} />
        <IconButton icon="chevronDown" label={t('next')} disabled={matches.count === 0} onClick={() => matches.onMove(1)} />
        {matches.at !== null && <span className="meta">{t('place', { at: matches.at + 1, n: matches.count })}</span>}
        <div role="group" aria-label={t('level')} className="log-levels">
          {LEVELS.map((level) => (
            <label key={level} className="check">
              <input type="checkbox" checked={levels.includes(level)} onChange={() => toggle(level)} />
              {t(level, { n: counts[level] })}
            </label>
          ))}
        </div>
        <span className="grow" />
        <Switch label={t('follow')} checked={bar.follow} onChange={bar.onFollow} />
        {bar.onWrap && <Switch label={t('wrap')} checked={bar.wrap} onChange={bar.onWrap} />}
      </div>
      <div className="log-bar">
        <p role="status" className="muted">
          {bar.summary}
        </p>
        <span className="grow" />
        <Button look="quiet" icon="arrowDown" onClick={bar.onLatest}>
          {t('latest')}
        </Button>
        <Button look="quiet" icon="download" onClick={() => download(bar.exportAddress)}>
          {t('export')}
        </Button>
      </div>
    </>
  );
}

/** The server writes the file, also what is not loaded here. */
function download(address: string): void {
  const link = document.createElement('a');
  link.href = address;
  link.download = 'logs.csv';
  link.click();
}
