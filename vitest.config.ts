import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

/** Unit and contract tests, which sit beside the source. The end-to-end suite has its own configuration. */
export default defineConfig({
  test: {
    include: [
      'packages/*/src/**/*.test.ts',
      'apps/web/src/**/*.test.{ts,tsx}',
      'apps/miniprogram/{miniprogram,tests}/**/*.test.ts',
      'apps/cloudfunctions/**/*.test.ts',
      'test/mp-host/tests/**/*.test.ts',
      'scripts/**/*.test.mjs',
    ],
    exclude: ['**/node_modules/**', '**/dist/**'],
    pool: 'forks',
    // Most files wait for sockets and processes more than they compute; on two cores vitest would take one at a time.
    maxWorkers: Math.max(3, availableParallelism() - 1),
    testTimeout: 30_000,
    // What differs stands in the first line of the error: it is all that the run's last lines show.
    chaiConfig: { truncateThreshold: 1_000 },
    // A condition that is waited for comes when the machine has time for it; one second is vitest's own limit.
    expect: { poll: { timeout: 15_000 } },
    // Hooks build whole mini programs and start servers.
    hookTimeout: 60_000,
  },
});
