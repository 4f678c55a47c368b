// Fails when the built JavaScript outgrows what a page may load (gzip, KB).
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

const DIST = new URL('../../dist/', import.meta.url).pathname;
const manifest = JSON.parse(readFileSync(new URL('../node_modules/.manifest.json', import.meta.url), 'utf8'));

const BUDGETS = [
  { page: 'sign-in', most: 140, entries: ['index.html'] },
  {
    page: 'Collectors, first load',
    most: 200,
    entries: ['index.html', 'src/app/frame/Frame.tsx', 'src/collectors/list/CollectorsPage.tsx'],
  },
  { page: 'all chunks', most: 450, entries: Object.keys(manifest) },
];

/** Every script that the entries load at once, and not only when needed. */
function scriptsOf(entries) {
  const seen = new Set();
  const visit = (key) => {
    const chunk = manifest[key];
    if (!chunk) throw new Error(`the manifest has no entry ${key}`);
    if (seen.has(chunk.file)) return;
    seen.add(chunk.file);
    for (const imported of chunk.imports ?? []) visit(imported);
  };
  entries.forEach(visit);
  return [...seen].filter((file) => file.endsWith('.js'));
}

let failed = false;
for (const { page, most, entries } of BUDGETS) {
  const bytes = scriptsOf(entries).reduce((sum, file) => sum + gzipSync(readFileSync(join(DIST, file)), { level: 9 }).length, 0);
  const kilobytes = bytes / 1024;
  const over = kilobytes > most;
  failed ||= over;
  process.stdout.write(`${over ? 'OVER' : 'ok  '} ${page}: ${kilobytes.toFixed(1)} of ${most} KB\n`);
}
process.exit(failed ? 1 : 0);
