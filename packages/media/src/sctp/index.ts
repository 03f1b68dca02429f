export { DataChannels } from './channels.ts';
export * from './types.ts';
