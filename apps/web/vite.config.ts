import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

/** During development the page is served by Vite and everything else by a running server. */
const BACKEND = 'http://127.0.0.1:8080';

export default defineConfig({
  plugins: [react()],
  server: {
    proxy: {
      '/functions': BACKEND,
      '/v4': BACKEND,
    },
  },
  build: {
    outDir: 'dist',
    emptyOutDir: true,
    target: ['chrome107', 'firefox115', 'safari16'],
    // Inlined files would be data: URLs, which a strict content security policy forbids.
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 800,
  },
});
