export type { Happening } from './happening.ts';
export { createRooms, type RoomsOptions } from './rooms.ts';
export { type RoomsSettings, type RoomsSettingsInput, roomsSettingsSchema } from './settings.ts';
export type { LiveRoom, Revocation, RoomState, Seat } from './state.ts';
export * from './store.ts';
export * from './types.ts';
