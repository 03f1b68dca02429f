import cloud from 'wx-server-sdk';
import { hostSweep } from '../host.ts';

/** Called once a minute by the timer in its config.json: frees lapsed seats and ends empty rooms. */
export const main = hostSweep('webrtc-sweep', cloud);
