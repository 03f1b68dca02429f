export { loadPrivateKey, loadPublicKey } from './keys.ts';
export { signPrivateMapKey, signUserSig } from './sign.ts';
export {
  deriveStreamKey,
  MAX_STREAM_TICKET_CHARS,
  readStreamTicket,
  type StreamTicketExpectation,
  type StreamTicketResult,
  signStreamTicket,
  verifyStreamTicket,
} from './stream.ts';
export type * from './stream-types.ts';
export type * from './types.ts';
export { verifyPrivateMapKey, verifyUserSig } from './verify.ts';
