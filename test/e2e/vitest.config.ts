import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

/** One file after the other: what is measured is media in real time, on few cores. No retries: a flaky test is red. */
export default defineConfig({
  test: {
    root: fileURLToPath(new URL('.', import.meta.url)),
    include: ['tests/**/*.test.ts'],
    globalSetup: ['./src/global-setup.ts'],
    pool: 'forks',
    fileParallelism: false,
    testTimeout: 45_000,
    hookTimeout: 45_000,
    teardownTimeout: 10_000,
    retry: 0,
  },
});
