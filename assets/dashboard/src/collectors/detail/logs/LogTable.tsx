import { Link } from 'react-router';
import type { LogEntry, LogLevel } from '../../../api/types';
import { formatAbsolute } from '../../../lib/time';
import { Icon, type IconName } from '../../../ui/Icon';
import { hitsIn, type Hit } from './entries';
import { t } from './strings';

export const LEVEL_WORDS: Record<LogLevel, string> = {
  DEBUG: t('debugWord'),
  INFO: t('infoWord'),
  WARNING: t('warningWord'),
  ERROR: t('errorWord'),
};

const LEVEL_ICONS: Partial<Record<LogLevel, IconName>> = { WARNING: 'slow', ERROR: 'error' };

interface LogTableProps {
  entries: LogEntry[];
  visible: { first: number; end: number };
  /** Pixels of the entries that are not in the document. */
  above: number;
  below: number;
  top: number[];
  wrap: boolean;
  search: string;
  current: Hit | undefined;
  /** The entry that the address points at. */
  line: number | null;
  linkTo: (entry: LogEntry) => string;
}

export function LogTable({ entries, visible, above, below, top, wrap, search, current, line, linkTo }: LogTableProps) {
  return (
    <table
      className={wrap ? 'table log-table log-wrapped' : 'table log-table'}
      role="table"
      aria-label={t('title')}
      aria-rowcount={entries.length + 1}
    >
      <thead role="rowgroup">
        <tr role="row" aria-rowindex={1}>
          <th scope="col" role="columnheader">
            {t('time')}
          </th>
          <th scope="col" role="columnheader">
            {t('level')}
          </th>
          <th scope="col" role="columnheader">
            {t('message')}
          </th>
        </tr>
      </thead>
      <tbody role="rowgroup">
        <Spacer height={above} />
        {entries.slice(visible.first, visible.end).map((entry, offset) => {
          const row = visible.first + offset;
          return (
            <tr
              key={entry.id}
              role="row"
              aria-rowindex={row + 2}
              className={entry.id === line ? 'log-line' : undefined}
              style={{ height: (top[row + 1] ?? 0) - (top[row] ?? 0) }}
            >
              <td role="cell">
                <Link className="log-time" to={linkTo(entry)} replace preventScrollReset>
                  <time dateTime={entry.timestamp}>{formatAbsolute(Date.parse(entry.timestamp))}</time>
                </Link>
              </td>
              <td role="cell">
                <Level level={entry.level} />
              </td>
              <td role="cell" className="log-message mono">
                <Message text={entry.message} search={search} current={current?.row === row ? current.nth : null} />
              </td>
            </tr>
          );
        })}
        <Spacer height={below} />
      </tbody>
    </table>
  );
}

function Spacer({ height }: { height: number }) {
  if (height <= 0) return null;
  return (
    <tr className="spacer" aria-hidden="true">
      <td colSpan={3} style={{ height }} />
    </tr>
  );
}

function Level({ level }: { level: LogLevel }) {
  const icon = LEVEL_ICONS[level];
  return (
    <span className={`log-level log-level-${level.toLowerCase()}`}>
      {icon && <Icon name={icon} size={14} />}
      {LEVEL_WORDS[level] ?? level}
    </span>
  );
}

/** Every second part of the text is a hit. */
function Message({ text, search, current }: { text: string; search: string; current: number | null }) {
  return hitsIn(text, search).map((part, index) =>
    index % 2 === 0 ? (
      part
    ) : (
      <mark key={index} aria-current={(index - 1) / 2 === current ? 'true' : undefined}>
        {part}
      </mark>
    ),
  );
}
