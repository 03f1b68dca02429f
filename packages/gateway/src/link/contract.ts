/**
 * Everything that a link must do, as vitest tests: to be called at the top of a test file, once for each implementation
 * and server. Behaviours are listed in docs/spec/link.md.
 */
import { afterAll, afterEach, beforeAll, describe } from 'vitest';
import { controlSuite } from './contract/control.ts';
import { type ContractServer, Lab } from './contract/lab.ts';
import { mediaSuite } from './contract/media.ts';
import { returnSuite } from './contract/return.ts';
import { rosterSuite } from './contract/roster.ts';

export type { ContractServer } from './contract/lab.ts';

export interface ContractTarget {
  readonly name: string;
  /** Why it cannot run here. */
  readonly skip?: string;
  start(): Promise<ContractServer>;
}

export function linkContract(target: ContractTarget): void {
  describe.skipIf(target.skip !== undefined)(
    `${target.name}${target.skip === undefined ? '' : ` (skipped: ${target.skip})`}`,
    // Several conditions one after the other, each with a patience of its own.
    { timeout: 60_000 },
    () => {
      let server: ContractServer | null = null;
      let lab: Lab | null = null;
      beforeAll(async () => {
        server = await target.start();
      }, 30_000);
      afterEach(async () => {
        await lab?.close();
        lab = null;
      });
      afterAll(async () => {
        await server?.stop();
      });
      const current = (): Lab => {
        if (server === null) throw new Error('no server');
        lab ??= new Lab(server);
        return lab;
      };
      rosterSuite(current);
      mediaSuite(current);
      controlSuite(current);
      returnSuite(current);
    },
  );
}
