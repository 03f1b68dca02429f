/** The name that the last version of the demo called it by. */
export { main } from './webrtc-quit-room.ts';
