import { useEffect, useState, type RefObject } from 'react';
import type { LogLevel } from '../../../api/types';
import { Button, IconButton } from '../../../ui/Button';
import { SearchBox } from '../../../ui/SearchBox';
import { Select } from '../../../ui/Select';
import { Switch } from '../../../ui/Switch';
import { LEVELS } from './entries';
import { t } from './strings';

export type Source = 'agent' | 'database';

interface LogBarProps {
  source: Source;
  onSource: (source: Source) => void;
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
  onExport: () => void;
  summary: string;
}

export function LogBar({ matches, ...bar }: LogBarProps) {
  return (
    <>
      <div className="log-bar">
        <Select
          className="log-source"
          aria-label={t('source')}
          options={[
            { value: 'agent', label: t('ofAgent') },
            { value: 'database', label: t('ofDatabase') },
          ]}
          value={bar.source}
          onChange={(event) => bar.onSource(event.target.value as Source)}
        />
        <SearchBox
          ref={bar.box}
          className="log-search"
          label={t('search')}
          hint={t('searchHint')}
          value={bar.search}
          onType={bar.onSearch}
          onSettle={bar.onSettle}
        />
        <span className="log-matches">
          <IconButton icon="chevronUp" label={t('previous')} disabled={matches.count === 0} onClick={() => matches.onMove(-1)} />
          <IconButton icon="chevronDown" label={t('next')} disabled={matches.count === 0} onClick={() => matches.onMove(1)} />
          {matches.at !== null && <span className="meta">{t('place', { at: matches.at + 1, n: matches.count })}</span>}
        </span>
        <LevelBoxes levels={bar.levels} counts={bar.counts} onChange={bar.onLevels} />
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
        <Button look="quiet" icon="download" onClick={bar.onExport}>
          {t('export')}
        </Button>
      </div>
    </>
  );
}

type LevelBoxesProps = Pick<LogBarProps, 'levels' | 'counts'> & { onChange: LogBarProps['onLevels'] };

/** A box is ticked at once; the address, which holds the choice, follows a moment later. */
function LevelBoxes({ levels, counts, onChange }: LevelBoxesProps) {
  const [chosen, setChosen] = useState(levels);
  const told = levels.join();
  useEffect(() => setChosen(told === '' ? [] : (told.split(',') as LogLevel[])), [told]);
  const toggle = (level: LogLevel) => {
    const next = chosen.includes(level) ? chosen.filter((each) => each !== level) : [...chosen, level];
    setChosen(next);
    onChange(next);
  };
  return (
    <div role="group" aria-label={t('level')} className="log-levels">
      {LEVELS.map((level) => (
        <label key={level} className="check">
          <input type="checkbox" checked={chosen.includes(level)} onChange={() => toggle(level)} />
          {t(level, { n: counts[level] })}
        </label>
      ))}
    </div>
  );
}
