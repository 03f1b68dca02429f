import { afterEach, describe } from 'vitest';
import { enteringSuite } from './contract/entering.ts';
import { Lab, type OpenedStore, type OpenStore } from './contract/lab.ts';
import { modelSuite } from './contract/model-suite.ts';
import { removalSuite } from './contract/removal.ts';
import { seatsSuite } from './contract/seats.ts';
import { storeSuite } from './contract/store.ts';
import { weaknessSuite } from './contract/weaknesses.ts';
import type { RoomsOptions } from './rooms.ts';
import type { RoomsSettingsInput } from './settings.ts';

export type { OpenedStore, OpenStore } from './contract/lab.ts';

/**
 * Everything a store and the rules upon it must do, as vitest tests: to be called at the top of a test file, once per
 * implementation.
 *
 * @param name of the implementation
 * @param open a fresh, empty store, closed after each test
 * @param modelRuns random sequences of calls to compare with the model
 */
export function roomsContract(name: string, open: OpenStore, modelRuns = 60): void {
  describe(name, () => {
    const opened: OpenedStore[] = [];
    afterEach(async () => {
      for (const one of opened.splice(0)) await one.close();
    });
    const lab = async (settings?: RoomsSettingsInput, extra?: Partial<RoomsOptions>): Promise<Lab> => {
      const one = await open();
      opened.push(one);
      return new Lab(one.store, settings, extra);
    };
    storeSuite(open);
    weaknessSuite(lab);
    enteringSuite(lab);
    seatsSuite(lab);
    removalSuite(lab);
    modelSuite(lab, modelRuns);
  });
}
