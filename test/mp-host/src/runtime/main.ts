import { Host } from './host.ts';
import type { BuiltApp } from './types.ts';

/** The bundle's last word: the host waits for `__mp.launch()`. */
export function boot(built: BuiltApp): void {
  Object.assign(window, { __mp: new Host(built) });
}
