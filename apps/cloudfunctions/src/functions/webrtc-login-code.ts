import cloud from 'wx-server-sdk';
import { hostFunction } from '../host.ts';

export const main = hostFunction('webrtc-login-code', cloud);
