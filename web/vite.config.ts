import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

import { notices } from './build/notices.ts';
import { packed } from './build/packed.ts';

/** Where a server runs for `npm run dev`. */
const server = process.env.SSM_SERVER_URL ?? 'http://127.0.0.1:8080';

export default defineConfig({
  plugins: [react(), notices(), packed()],
  // The server puts a new one into each page that it gives out.
  html: { cspNonce: '__CSP_NONCE__' },
  build: {
    // `packed` empties it, all but what git keeps.
    emptyOutDir: false,
    // The policy lets in no data: addresses.
    assetsInlineLimit: 0,
    reportCompressedSize: false,
    // Before compression. What the first view takes is tried in `tests/size.spec.ts`.
    chunkSizeWarningLimit: 1_000,
  },
  server: {
    host: '127.0.0.1',
    // The server takes a change from its own page only, so it has to see its own origin.
    proxy: { '/api': { target: server, changeOrigin: true, headers: { origin: server } } },
  },
});
