import cloud from 'wx-server-sdk';
import { hostFunction } from '../host.ts';

export const main = hostFunction('webrtc-get-room-info', cloud);
