import { defineConfig } from 'vitest/config';

// Tests in a real Chromium, of the page that `npm run build:page` makes.
export default defineConfig({
  test: {
    include: ['test/browser/**/*.check.ts'],
    testTimeout: 240_000,
    hookTimeout: 60_000,
    fileParallelism: false,
  },
});
