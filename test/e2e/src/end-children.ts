/**
 * Set up in every worker. Vitest ends its workers by SIGTERM, at which Node runs no `exit` listener; those are what ends
 * the servers and other processes of a test whose clean-up never came.
 */
import { constants } from 'node:os';

for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
  process.once(signal, () => process.exit(128 + constants.signals[signal]));
}
