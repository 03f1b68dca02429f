import type { StartGateway } from './service.ts';

/** The gateway of this installation; null where there is none. */
export const builtInGateway: StartGateway | null = null;
