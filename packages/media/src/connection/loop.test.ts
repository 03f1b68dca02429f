/** The real thing: two of werift's peer connections through two connections of ours, over UDP on loopback. */
import { afterEach, expect, it } from 'vitest';
import { MediaStreamTrack, RTCPeerConnection, RTCRtpCodecParameters, RtpHeader, RtpPacket } from 'werift';
import { createForwarder } from '../forward/forwarder.ts';
import { createTransport } from '../transport/index.ts';
import { createConnection } from './connection.ts';
import type { Connection, ConnectionRole, ConnectionSink, SessionDescription, UplinkSection } from './types.ts';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function engine() {
  const clock = () => performance.now();
  const transport = await createTransport({
    port: 0,
    listenAddresses: ['127.0.0.1'],
    announcedAddresses: [],
    workerTag: 'w0',
    slots: 256,
    disconnectedAfterMs: 5_000,
    failedAfterMs: 10_000,
    limits: { maxPeers: 4, maxUnauthenticatedStunPerSecond: 100, maxHandshakes: 4, handshakeTimeoutMs: 15_000 },
    clock,
  });
  cleanups.push(() => transport.close());
  const limits = { historyPackets: 64, keyframeIntervalMs: 500, maxStreamsPerPeer: 16 };
  const forwarder = createForwarder({ transport, clock, limits, random: Math.random });
  const ticker = setInterval(() => forwarder.tick(clock()), 20);
  cleanups.push(() => clearInterval(ticker));
  return (role: ConnectionRole, sink: Partial<ConnectionSink>): Connection => {
    const connection = createConnection({
      role,
      transport,
      forwarder,
      sink: {
        onState() {},
        onUplinkStarted() {},
        onUplinkStopped() {},
        onDataChannelOpen() {},
        onData() {},
        onNegotiationNeeded() {},
        ...sink,
      },
    });
    cleanups.push(() => connection.close());
    return connection;
  };
}

function browser(): RTCPeerConnection {
  const codecs = {
    audio: [new RTCRtpCodecParameters({ mimeType: 'audio/opus', clockRate: 48_000, channels: 2 })],
    video: [new RTCRtpCodecParameters({ mimeType: 'video/VP8', clockRate: 90_000 })],
  };
  const pc = new RTCPeerConnection({ codecs, bundlePolicy: 'max-bundle', iceServers: [] });
  cleanups.push(() => pc.close());
  return pc;
}

async function offerTo(connection: Connection, pc: RTCPeerConnection): Promise<SessionDescription> {
  await pc.setLocalDescription(await pc.createOffer());
  const answer = connection.acceptOffer(pc.localDescription!.sdp, 1);
  await pc.setRemoteDescription({ type: 'answer', sdp: answer.sdp });
  return answer;
}

/** A VP8 key frame of nothing: descriptor, then the start code and a size (RFC 7741 §4.3). */
const KEYFRAME = Buffer.from([0x10, 0x10, 0x00, 0x00, 0x9d, 0x01, 0x2a, 0x40, 0x01, 0xf0, 0x00, 0x55, 0xaa]);

it('[PC30] [PC52] [PC61] media and data pass from a publisher to a subscriber', { timeout: 60_000 }, async () => {
  const connect = await engine();
  const sections: UplinkSection[] = [];
  const publisher = connect('publisher', { onUplinkStarted: (section) => sections.push(section) });
  const camera = new MediaStreamTrack({ kind: 'video' });
  const source = browser();
  source.addTransceiver(camera, { direction: 'sendonly' });
  await offerTo(publisher, source);
  expect(sections.map(({ kind, mimeType }) => [kind, mimeType])).toEqual([['video', 'video/vp8']]);

  let open = false;
  const subscriber = connect('subscriber', {
    onDataChannelOpen: (kind) => {
      if (kind === 'reliable') open = true;
    },
  });
  const viewer = browser();
  const pictures: Buffer[] = [];
  const messages: string[] = [];
  viewer.onRemoteTransceiverAdded.subscribe((transceiver) => {
    transceiver.onTrack.subscribe((track) => track.onReceiveRtp.subscribe((rtp) => pictures.push(rtp.payload)));
  });
  viewer.onDataChannel.subscribe((channel) => {
    channel.onMessage.subscribe((data) => messages.push(`${channel.label} ${data.toString()}`));
  });
  subscriber.subscribe({ uplink: sections[0]!.uplink, kind: 'video', trackSid: 'TR_v', streamId: 'PA_p|TR_v' });
  const offer = subscriber.createOffer()!;
  await viewer.setRemoteDescription({ type: 'offer', sdp: offer.sdp });
  await viewer.setLocalDescription(await viewer.createAnswer());
  subscriber.acceptAnswer(viewer.localDescription!.sdp, offer.id);

  let sequence = 0;
  const sender = setInterval(() => {
    sequence += 1;
    const header = new RtpHeader({
      sequenceNumber: sequence,
      timestamp: sequence * 3_000,
      payloadType: 96,
      marker: true,
    });
    camera.writeRtp(new RtpPacket(header, KEYFRAME));
  }, 20);
  cleanups.push(() => clearInterval(sender));
  await expect.poll(() => pictures.length, { timeout: 50_000 }).toBeGreaterThan(3);
  expect(pictures[0]!.subarray(-6)).toEqual(KEYFRAME.subarray(-6));

  await expect.poll(() => open, { timeout: 50_000 }).toBe(true);
  expect(subscriber.sendData('reliable', new TextEncoder().encode('hello'))).toBe(true);
  await expect.poll(() => messages, { timeout: 50_000 }).toEqual(['_reliable hello']);
});
