/** The gateway in a process of its own, with RTMP on a TCP port and RTP on a UDP port: see `gateway-delay.ts`. */
import { createSocket } from 'node:dgram';
import { createGateway } from '../../packages/gateway/src/gateway.ts';
import type { GatewayHost } from '../../packages/gateway/src/host.ts';
import type {
  Link,
  LinkPublication,
  LinkSession,
  LinkSubscription,
  RemoteParticipant,
  RemoteTrack,
  SubscriptionSink,
} from '../../packages/gateway/src/link/types.ts';
import { readWire, wireKinds, wireMessage } from './gateway-wire.ts';

const phones = Number(process.argv[2]);
const peerPort = Number(process.argv[3]);
const ticketKey = process.argv[4]!;
const socket = createSocket({ type: 'udp4', recvBufferSize: 1 << 20, sendBufferSize: 1 << 20 });
const sinks = new Map<number, SubscriptionSink>();
const tell = (message: Buffer) => socket.send(message, peerPort, '127.0.0.1');

socket.on('message', (datagram: Buffer) => {
  const now = performance.now();
  const message = readWire(datagram);
  const sink = sinks.get(message.track);
  if (message.kind === wireKinds.rtp) sink?.onRtp(message, now);
  else sink?.onSenderReport(message.ntpMs, message.timestamp, now);
});

function track(number: number): RemoteTrack {
  const kind = number % 2 === 0 ? 'video' : 'audio';
  return {
    sid: `TR_${number}`,
    kind,
    source: kind === 'video' ? 'camera' : 'microphone',
    muted: false,
    mimeType: kind === 'video' ? 'video/h264' : 'audio/opus',
    encrypted: false,
    width: kind === 'video' ? 360 : 0,
    height: kind === 'video' ? 640 : 0,
  };
}

const browsers: RemoteParticipant[] = Array.from({ length: phones }, (_, i) => ({
  identity: `browser${i}`,
  sid: `PA_${i}`,
  name: `browser ${i}`,
  attributes: {},
  tracks: [track(i * 2), track(i * 2 + 1)],
}));

function subscribe(trackSid: string, sink: SubscriptionSink): LinkSubscription {
  const number = Number(trackSid.slice(3));
  sinks.set(number, sink);
  return {
    trackSid,
    mimeType: number % 2 === 0 ? 'video/h264' : 'audio/opus',
    requestKeyframe: () => tell(wireMessage({ kind: wireKinds.keyframe, track: number })),
    nack: () => {},
    close: () => sinks.delete(number),
  };
}

function publication(number: number): LinkPublication {
  let sequence = 0;
  return {
    sid: `TR_own${number}`,
    send: (payload, timestamp, marker) =>
      tell(wireMessage({ kind: wireKinds.rtp, track: number, marker, sequence: sequence++, timestamp }, payload)),
    report: (ntpMs, timestamp) => tell(wireMessage({ kind: wireKinds.report, track: number, ntpMs, timestamp })),
    setMuted: () => {},
    unpublish: () => {},
  };
}

const link: Link = {
  async join({ token }, sink): Promise<LinkSession> {
    if (token === 'watcher') setImmediate(() => sink.onParticipants(browsers));
    return {
      identity: token,
      sid: `PA_${token}`,
      room: 'bench',
      publish: async ({ kind }) => publication(Number(token.slice('phone'.length)) * 2 + (kind === 'audio' ? 1 : 0)),
      subscribe,
      sendChat: () => {},
      leave: async () => {},
    };
  },
  close: async () => {},
};

const host: GatewayHost = {
  admit: async ({ userId, privileges }) => ({ kind: 'admitted', userName: userId, ownerId: 'nobody', privileges }),
  mediaToken: async ({ user }) => user?.userId ?? 'watcher',
  act: async () => 'ok',
};

const gateway = await createGateway(
  {
    sdkAppId: 1,
    ticketKey,
    rtmp: { port: 0, host: '127.0.0.1' },
    media: { kind: 'livekit', url: 'ws://127.0.0.1:9' },
    logLevel: 'error',
  },
  { host, link },
);
await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
console.log(JSON.stringify({ rtmp: gateway.rtmpPort, rtp: socket.address().port }));
process.once('disconnect', () => void gateway.stop(500).then(() => process.exit(0)));
