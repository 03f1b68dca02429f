import { linkContract } from '../contract.ts';
import { startInProcess } from './testing/in-process.ts';

linkContract({ name: 'in process, with peers over WebRTC', start: () => startInProcess('webrtc') });
linkContract({ name: 'in process, among themselves', start: () => startInProcess('in-process') });
