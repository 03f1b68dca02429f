/** What a local connection makes of a packet, as the forwarder and its other viewers see it. */
import { expect, it } from 'vitest';
import { createForwarder } from '../forward/forwarder.ts';
import { FakeTransport } from '../forward/testing/fake-transport.ts';
import { VIEWER_EXTENSIONS, VIEWER_OPUS } from '../forward/testing/scene.ts';
import type { MediaKind, Uplink } from '../forward/types.ts';
import { LocalTransport } from '../transport/local.ts';
import { LocalConnection } from './local.ts';
import { publicationOf } from './publications.ts';

function publisher(kind: MediaKind) {
  const inner = new FakeTransport(64);
  const transport = new LocalTransport(inner);
  const clock = () => 1_000;
  const limits = { historyPackets: 16, keyframeIntervalMs: 500, maxStreamsPerPeer: 4 };
  const forwarder = createForwarder({ transport, clock, limits, random: () => 0.5 });
  const uplinks: Uplink[] = [];
  const connection = new LocalConnection({
    transport,
    forwarder,
    clock,
    maxUplinks: 2,
    sink: {
      onState() {},
      onUplinkStarted: ({ uplink }) => uplinks.push(uplink),
      onUplinkStopped() {},
      onDataChannelOpen() {},
      onData() {},
      onNegotiationNeeded() {},
    },
    output: {
      rtp() {},
      report() {},
      subscribed() {},
      unsubscribed() {},
      keyframe() {},
      data: () => true,
      backlog: () => 0,
      nextStream: () => 9,
    },
  });
  connection.connected();
  connection.publish(5, kind, 'cid');
  const uplink = uplinks[0]!;
  const send = (sequence: number, level: number) => {
    connection.receiveRtp(5, false, sequence, sequence * 960, Buffer.from('sound'), 0, 5, level);
  };
  return { inner, forwarder, uplink, send };
}

it('[LL13] a level is counted, and handed on to viewers under their own id', () => {
  const { inner, forwarder, uplink, send } = publisher('audio');
  forwarder.createDownlink({
    uplink,
    peer: 7,
    mid: '3',
    ssrc: 77,
    rtxSsrc: null,
    codecs: [VIEWER_OPUS],
    extensions: VIEWER_EXTENSIONS,
    uplinkExtensions: publicationOf(uplink)!.extensions,
  });
  send(1, 0x80 | 20);
  expect(uplink.takeAudioLevel()).toBeCloseTo(0.1);
  send(2, -1);
  expect(uplink.takeAudioLevel()).toBe(0);
  const [leveled, plain] = inner.rows;
  expect(inner.extensionMaps.get(leveled!.extensions)?.copy).toEqual([[1, VIEWER_EXTENSIONS.audioLevel]]);
  const [head, tail] = [leveled!.packet.subarray(12, 20), leveled!.packet.subarray(20)];
  expect([...head]).toEqual([0xbe, 0xde, 0, 1, 0x10, 0x80 | 20, 0, 0]);
  expect([leveled!.packet[0], Buffer.from(tail).toString()]).toEqual([0x90, 'sound']);
  expect([plain!.packet[0], Buffer.from(plain!.packet.subarray(12)).toString()]).toEqual([0x80, 'sound']);
});

it('[LL13] pictures have no level', () => {
  const { uplink, send } = publisher('video');
  send(1, 0x80);
  expect(uplink.takeAudioLevel()).toBe(0);
  expect(publicationOf(uplink)?.extensions).toEqual({});
});
