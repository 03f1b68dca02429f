/** A worker with a gateway that does as its tickets say: for tests of the port. */
import { parentPort, workerData } from 'node:worker_threads';
import { PHONE_CODES } from '@lianmai/protocol';
import { broadcastLimitsSchema } from '../../config.ts';
import type { LocalGateway } from '../../gateway.ts';
import type { RoomNotice } from '../../host.ts';
import { Channel } from '../../room/channel.ts';
import { Views } from '../../room/views.ts';
import { createBroadcast } from '../../stream/broadcast.ts';
import type { PhoneSignalConnection } from '../../types.ts';
import type { FromWorker, ToWorker, WorkerData } from '../messages.ts';
import { RemoteHost } from '../remote-host.ts';
import { serveGateway } from '../serve.ts';

const port = parentPort;
if (!port) throw new Error('this module runs in a worker thread only');
const post = (message: FromWorker, transfer: readonly ArrayBuffer[] = []) => port.postMessage(message, transfer);
const { config }: WorkerData = workerData;
const host = new RemoteHost(post, config.hostTimeoutMs);
port.on('message', (message: ToWorker) => host.receive(message));

let keyframesAsked = 0;
const views = new Views();
const channel = new Channel({
  createBroadcast: (tracks, onKeyframeNeeded) =>
    createBroadcast({
      tracks,
      limits: broadcastLimitsSchema.parse({}),
      clock: () => performance.now(),
      onKeyframeNeeded,
    }),
  onKeyframeNeeded: () => {
    keyframesAsked++;
    picture(true);
  },
  onWatched: () => {},
});
channel.setAvailable({ video: true, audio: false });
const notices: RoomNotice[] = [];
let stamp = 0;

function picture(keyframe: boolean): void {
  stamp += 40;
  const data = Uint8Array.from([0, 0, 0, 2, keyframe ? 0x65 : 0x41, stamp & 255]);
  channel.write({ kind: 'video', timestampMs: stamp, keyframe, data });
}

/** Says every frame back, and does what some of them ask. */
function phone(ticket: string): PhoneSignalConnection {
  let tell: (frame: string) => void = () => {};
  let close: (code: number, reason: string) => void = () => {};
  return {
    onFrame(listener) {
      tell = listener;
      listener(`hello ${ticket}`);
    },
    onClose(listener) {
      close = listener;
    },
    receive(frame) {
      if (frame === 'die') process.exit(1);
      if (frame === 'close') close(4005, 'kicked');
      else if (frame === 'picture') picture(false);
      else if (frame === 'end views') views.endAll('revoked');
      else if (frame === 'notices') tell(JSON.stringify(notices));
      else if (frame.startsWith('token ')) {
        host.mediaToken({ roomId: frame.slice(6), user: null }).then(tell, (error: unknown) => tell(String(error)));
      } else tell(`echo ${frame}`);
    },
    closed() {
      notices.push({ kind: 'owner', roomId: '1', ownerId: `closed ${ticket}` });
    },
  };
}

const gateway: LocalGateway = {
  rtmpPort: 1935,
  openSignal: async ({ ticket }) => {
    if (ticket === 'throw') throw new Error('broken');
    return ticket === 'no'
      ? { kind: 'refused', status: 403, ...PHONE_CODES.kicked }
      : { kind: 'accepted', connection: phone(ticket) };
  },
  openFlv: async () => ({ kind: 'refused', status: 500, ...PHONE_CODES.internal }),
  openView: async ({ ticket }) =>
    ticket === 'no'
      ? { kind: 'refused', status: 403, ...PHONE_CODES.badTicket }
      : {
          attach: (format, socket) => views.watch('viewer', channel, { video: true, audio: false }, format, socket),
          share: (onEnd) => views.share('viewer', channel, { video: true, audio: false }, onEnd),
        },
  notify: (notice) => void notices.push(notice),
  stats: async () => ({
    rooms: 0,
    phones: 0,
    publishes: 0,
    viewers: views.size,
    bridges: keyframesAsked,
    codecs: null,
  }),
  startCapture: () => {
    throw new Error('not in this test');
  },
  onRestart: () => {},
  stop: async () => {},
};
try {
  await host.mediaToken({ roomId: 'start', user: null });
  serveGateway(gateway, { post, onMessage: (listener) => port.on('message', listener) });
} catch (error) {
  post({ type: 'failed', message: String(error), code: '' });
}
