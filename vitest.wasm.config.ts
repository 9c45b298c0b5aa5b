import { defineConfig, mergeConfig } from 'vitest/config';
import all from './vitest.config.js';

// The tests in which the addon does most of the work, over WebAssembly: `npm run build:wasm` has to come first.
export default mergeConfig(
  all,
  defineConfig({ test: { env: { ESPALIER_WASM: '1' }, setupFiles: ['test/wasm/setup.ts'] } }),
);
