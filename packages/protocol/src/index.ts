export * from './codes.ts';
export * from './functions.ts';
export * from './privileges.ts';
export * from './room-id.ts';
export * from './room-url.ts';
export * from './roomsig.ts';
export * from './user-id.ts';
