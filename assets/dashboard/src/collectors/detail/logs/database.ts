// The log of the database, from the documents that the agent pushes: the same
// entries as those of the agent's own log, so that both are read in one view.
import type { DocumentsReply, LogEntry, LogLevel } from '../../../api/types';
import { LEVELS, type Loaded } from './entries';

type Document = DocumentsReply['documents'][number];

/** More entries than this in one document share the number of the last. */
const IDS_A_DOCUMENT = 10_000;

/** PostgreSQL has a dozen levels; what is not named here informs. */
const LEVEL_OF: Record<string, LogLevel> = { WARNING: 'WARNING', ERROR: 'ERROR', FATAL: 'ERROR', PANIC: 'ERROR' };

function levelOf(level: string): LogLevel {
  return LEVEL_OF[level] ?? (level.startsWith('DEBUG') ? 'DEBUG' : 'INFO');
}

/** As PostgreSQL writes it, where its level is not the word of the column. */
function messageOf(level: string, message: string): string {
  return level === '' || level === levelOf(level) ? message : `${level}:  ${message}`;
}

/** The entries of documents, oldest first. */
export function entriesOf(documents: readonly Document[]): LogEntry[] {
  const entries = documents.flatMap(({ seq, timestamp, document }) => {
    const { entries: lines } = document as { entries?: unknown };
    if (!Array.isArray(lines)) return [];
    return (lines as Record<string, unknown>[]).map((line, place): LogEntry => {
      const level = String(line.level ?? '').toUpperCase();
      const time = String(line.timestamp ?? '');
      return {
        id: seq * IDS_A_DOCUMENT + Math.min(place, IDS_A_DOCUMENT - 1),
        timestamp: Number.isNaN(Date.parse(time)) ? timestamp : time,
        level: levelOf(level),
        message: messageOf(level, String(line.message ?? '')),
        fields: {},
      };
    });
  });
  return entries.sort((a, b) => Date.parse(a.timestamp) - Date.parse(b.timestamp) || a.id - b.id);
}

/** Those that match, and how many there are of each level, as the server says it of the agent's log. */
export function matching(entries: readonly LogEntry[], levels: readonly LogLevel[], search: string): Loaded {
  const wanted = search.trim().toLowerCase();
  const found = entries.filter(({ message }) => message.toLowerCase().includes(wanted));
  const count = (level: LogLevel) => found.reduce((sum, entry) => sum + (entry.level === level ? 1 : 0), 0);
  const shown = levels.length === 0 ? found : found.filter(({ level }) => levels.includes(level));
  return {
    entries: shown,
    total: shown.length,
    levels: Object.fromEntries(LEVELS.map((level) => [level, count(level)])) as Loaded['levels'],
    lastId: null,
  };
}
