import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

/** In Espalier's own repository the package is what was built there; elsewhere it is the one that is installed. */
const built = fileURLToPath(new URL('../../dist/browser/index.js', import.meta.url));

export default defineConfig({
  // Served from any folder.
  base: './',
  resolve: { alias: existsSync(built) ? { espalier: built } : {} },
  build: { target: 'es2022', chunkSizeWarningLimit: 4000 },
  // Threads of the page start threads themselves, and share files with each other.
  worker: { format: 'es' },
  // While developing: what lies beside the packages' code is found there alone.
  optimizeDeps: { exclude: ['espalier', 'onnxruntime-web'] },
});
