export { loadPrivateKey, loadPublicKey } from './keys.ts';
export { signPrivateMapKey, signUserSig } from './sign.ts';
export type * from './types.ts';
export { verifyPrivateMapKey, verifyUserSig } from './verify.ts';
