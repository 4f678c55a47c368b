// Writes a brotli and a gzip file beside every file that compresses, so that
// the daemon never compresses while it serves.
import { readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

const DIST = new URL('../../dist/', import.meta.url).pathname;
const COMPRESSIBLE = /\.(html|js|css|svg|json|txt|webmanifest)$/;
/** Below this the headers outweigh the gain. */
const LEAST_BYTES = 256;

// The list of chunks is for budget.mjs, not for browsers.
renameSync(join(DIST, '.vite/manifest.json'), new URL('../node_modules/.manifest.json', import.meta.url));
rmSync(join(DIST, '.vite'), { recursive: true });

for (const name of readdirSync(DIST, { recursive: true })) {
  const path = join(DIST, name);
  // index.html gets a new nonce at each response, so it is sent as it is.
  if (!COMPRESSIBLE.test(name) || name === 'index.html' || statSync(path).size < LEAST_BYTES) continue;
  const bytes = readFileSync(path);
  writeFileSync(
    `${path}.br`,
    brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length } }),
  );
  writeFileSync(`${path}.gz`, gzipSync(bytes, { level: 9 }));
}
