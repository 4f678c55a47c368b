import react from '@vitejs/plugin-react';
import { defineConfig } from 'vitest/config';

// The daemon embeds ../dist and replaces the nonce placeholder in index.html
// at each response; everything under /assets/ has a hash in its name and is
// served as immutable.
export default defineConfig({
  plugins: [react()],
  html: { cspNonce: '__CSP_NONCE__' },
  build: {
    outDir: '../dist',
    emptyOutDir: true,
    target: 'es2022',
    manifest: true,
    // An inlined data: URL would need a wider content security policy.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  server: {
    proxy: { '/api': { target: process.env.PGANALYTICS_URL ?? 'http://127.0.0.1:8080', ws: true } },
  },
  // A busy machine is no reason to fail.
  test: { include: ['src/**/*.test.ts'], testTimeout: 60_000, hookTimeout: 60_000 },
});
