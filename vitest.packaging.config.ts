import { defineConfig } from 'vitest/config';

// Tests of what is published, as users install it: they need the packages that `npm run package` makes.
export default defineConfig({
  test: {
    include: ['test/packaging/**/*.check.ts'],
    testTimeout: 240_000,
    hookTimeout: 240_000,
    // Each starts processes of its own, which take all cores there are.
    fileParallelism: false,
  },
});
