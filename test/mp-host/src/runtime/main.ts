import { Host } from './host.ts';
import type { BuiltApp } from './types.ts';

/** The scripts of the mini program come next and hand themselves over; the host then waits for `__mp.launch()`. */
Object.assign(window, {
  __mpBoot: (built: BuiltApp) => {
    Object.assign(window, { __mp: new Host(built) });
  },
});
