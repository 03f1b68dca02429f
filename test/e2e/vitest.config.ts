import { fileURLToPath } from 'node:url';
import { configDefaults, defineConfig } from 'vitest/config';

/** Files that start no media server of the rung: on livekit-server they would only say the same again. */
const WITHOUT_TARGET = ['tests/mp.cloud.test.ts', 'tests/mp.host.test.ts'];

/** One file after the other: what is measured is media in real time, on few cores. No retries: a flaky test is red. */
export default defineConfig({
  test: {
    root: fileURLToPath(new URL('.', import.meta.url)),
    include: ['tests/**/*.test.ts'],
    exclude: [...configDefaults.exclude, ...(process.env['LIANMAI_TARGET'] === 'livekit' ? WITHOUT_TARGET : [])],
    globalSetup: ['./src/global-setup.ts'],
    setupFiles: ['./src/end-children.ts'],
    pool: 'forks',
    fileParallelism: false,
    // Above what a test's own waits may take together: they say what was missing, a limit of the whole does not.
    testTimeout: 120_000,
    // What differs stands in the first line of the error: it is all that the run's last lines show.
    chaiConfig: { truncateThreshold: 1_000 },
    expect: { poll: { timeout: 20_000 } },
    hookTimeout: 120_000,
    teardownTimeout: 10_000,
    retry: 0,
  },
});
