import { afterEach, describe } from 'vitest';
import { dtlsSuite } from './contract/dtls.ts';
import { hostileSuite } from './contract/hostile.ts';
import { iceSuite } from './contract/ice.ts';
import { Lab, type OpenTransport } from './contract/lab.ts';
import { lifecycleSuite } from './contract/lifecycle.ts';
import { mediaSuite } from './contract/media.ts';

export type { OpenTransport } from './contract/lab.ts';

/**
 * Everything that a transport must do, as vitest tests over loopback: to be called at the top of a test file, once per
 * implementation. Behaviours are listed in docs/spec/transport.md.
 */
export function transportContract(name: string, open: OpenTransport): void {
  describe(name, () => {
    let lab = new Lab(open);
    afterEach(async () => {
      await lab.close();
      lab = new Lab(open);
    });
    const current = () => lab;
    iceSuite(current);
    dtlsSuite(current);
    mediaSuite(current);
    lifecycleSuite(current);
    hostileSuite(current);
  });
}
