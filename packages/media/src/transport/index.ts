export * from './slab.ts';
export * from './types.ts';
export { createTransport } from './udp-transport.ts';
