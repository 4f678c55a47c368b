// The statements of a collector: figures from their series, texts from the
// documents, because a text is no number and so no series.
import { api } from '../../../api/client';
import type { DocumentsReply, MetricsReply, Series } from '../../../api/types';
import type { Span } from '../../../lib/timeRange';
import { CALLS, ROWS, statementKey, statementsOf, TOTAL_TIME, type Statement } from './statements';

export interface StatementsRequest extends Span {
  id: string;
  /** Seconds between two collections. */
  interval: number;
}

/** More points than this in a line of the answer show nothing more. */
const MOST_POINTS = 120;
/** A statement that left the newest document is looked for in older ones, a few times. */
const TEXT_ROUNDS = 4;
const TEXT_DOCUMENTS = 50;

const statementsApi = api.injectEndpoints({
  endpoints: (build) => ({
    statements: build.query<Statement[], StatementsRequest>({
      queryFn: async ({ id, interval, fromMs, toMs }, _, __, ask) => {
        const seconds = (toMs - fromMs) / 1000;
        const step = seconds / interval > MOST_POINTS ? Math.ceil(seconds / MOST_POINTS) : 0;
        const base = `collectors/${encodeURIComponent(id)}`;
        // One look before the range is what its first rise is counted from.
        const begin = new Date(fromMs - Math.max(interval, step) * 1000).toISOString();
        const params = { from: begin, to: new Date(toMs).toISOString(), match: [CALLS, TOTAL_TIME, ROWS], ...(step > 0 ? { step } : {}) };
        const answer = await ask({ url: `${base}/metrics`, params });
        if (answer.error) return { error: answer.error };
        const { series } = answer.data as MetricsReply;
        const texts = new Map<string, string>();
        let lookAt = newestWithout(series, texts);
        for (let round = 0; round < TEXT_ROUNDS && lookAt !== null; round += 1) {
          const window = { from: iso(lookAt - interval * 1000), to: iso(lookAt + step * 1000) };
          const found = await ask({ url: `${base}/documents`, params: { type: 'pg_query_stats', limit: TEXT_DOCUMENTS, ...window } });
          if (found.error) return { error: found.error };
          keepTexts(found.data as DocumentsReply, texts);
          const next = newestWithout(series, texts);
          lookAt = next === lookAt ? null : next;
        }
        return { data: statementsOf(series, texts, fromMs, toMs) };
      },
      keepUnusedDataFor: 30,
    }),
  }),
});

export const { useStatementsQuery } = statementsApi;

function iso(time: number): string {
  return new Date(time).toISOString();
}

/** When a statement without a text was last seen; the newest of these moments. */
function newestWithout(series: Series[], texts: ReadonlyMap<string, string>): number | null {
  let newest: number | null = null;
  for (const { name, labels, points } of series) {
    if (name !== CALLS || texts.has(statementKey(labels.database ?? '', labels.hash ?? ''))) continue;
    const last = points.findLast(([, value]) => value !== null);
    if (last && (newest === null || last[0] > newest)) newest = last[0];
  }
  return newest;
}

function keepTexts({ documents }: DocumentsReply, texts: Map<string, string>): void {
  for (const { document } of documents) {
    const { database, queries } = document as { database?: unknown; queries?: unknown };
    if (!Array.isArray(queries)) continue;
    for (const { hash, text } of queries as { hash?: unknown; text?: unknown }[]) {
      if (typeof text === 'string') texts.set(statementKey(String(database ?? ''), String(hash)), text);
    }
  }
}
