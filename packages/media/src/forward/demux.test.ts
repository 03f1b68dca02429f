import { describe, expect, it } from 'vitest';
import { bye, rtp, rtx, text, vp8 } from './testing/packets.ts';
import { codec, Scene } from './testing/scene.ts';

const mid = (value: string) => [1, text(value)] as const;
const rid = (value: string) => [2, text(value)] as const;
const repairedRid = (value: string) => [3, text(value)] as const;

describe('demultiplexing', () => {
  it('[FW6] an unknown SSRC is resolved by mid and rid, and known from then on without them', () => {
    const scene = new Scene();
    const first = scene.uplink({ mid: 'a', rids: ['q', 'h', 'f'] });
    const second = scene.uplink({ mid: 'b', rids: ['q', 'h', 'f'] });
    const send = (ssrc: number, sequence: number, extensions: readonly (readonly [number, Uint8Array])[]) =>
      scene.rtp(rtp({ ssrc, sequence, timestamp: 1, payloadType: 96, extensions, payload: vp8({ key: true }) }));
    send(10, 1, [mid('a'), rid('h')]);
    send(11, 1, [mid('b'), rid('f')]);
    send(12, 1, [mid('c'), rid('f')]);
    send(13, 1, [mid('b')]);
    send(14, 1, [mid('b'), rid('x')]);
    send(10, 2, []);
    expect(first.activeLayers()).toEqual([1]);
    expect(second.activeLayers()).toEqual([2]);
    expect([first.stats(scene.now).packets, second.stats(scene.now).packets]).toEqual([2, 1]);
    expect(scene.startedLayers).toEqual([1, 2]);
    expect(scene.heldSlots).toBe(3);
  });

  it('[FW6] a retransmission stream is resolved by its repaired rid', () => {
    const scene = new Scene();
    const uplink = scene.uplink({ mid: 'a', rids: ['q', 'h'] });
    const fields = (sequence: number) => ({
      ssrc: 10,
      sequence,
      timestamp: 1,
      payloadType: 96,
      payload: vp8({ key: true }),
    });
    for (const sequence of [1, 3]) scene.rtp(rtp({ ...fields(sequence), extensions: [mid('a'), rid('h')] }));
    scene.rtp(rtx({ ...fields(2), extensions: [mid('a'), repairedRid('h')] }, 20, 1, 97));
    expect(uplink.stats(scene.now)).toMatchObject({ packets: 3, lossRate: 0 });
  });

  it('[FW6] without ids, the payload type tells when only one section can be meant', () => {
    const scene = new Scene();
    const audio = scene.uplink({ kind: 'audio', mid: '0' });
    const video = scene.uplink({ mid: '1' });
    scene.rtp(rtp({ ssrc: 1, sequence: 1, timestamp: 1, payloadType: 111, payload: text('x') }));
    scene.rtp(rtp({ ssrc: 2, sequence: 1, timestamp: 1, payloadType: 96, payload: vp8({ key: true }) }));
    scene.rtp(rtp({ ssrc: 3, sequence: 1, timestamp: 1, payloadType: 98, payload: text('x') }));
    expect([audio.mimeType, video.mimeType]).toEqual(['audio/opus', 'video/vp8']);
    const other = scene.uplink({ mid: '2' });
    scene.rtp(rtp({ ssrc: 4, sequence: 1, timestamp: 1, payloadType: 96, payload: vp8({ key: true }) }));
    expect(other.mimeType).toBeNull();
    expect(scene.heldSlots).toBe(2);
  });

  it('[FW7] a peer can make only so many streams', () => {
    const scene = new Scene({ maxStreams: 3 });
    const uplinks = ['a', 'b', 'c', 'd'].map((name) => scene.uplink({ mid: name }));
    for (const [i, name] of ['a', 'b', 'c', 'd'].entries()) {
      scene.rtp(
        rtp({
          ssrc: 50 + i,
          sequence: 1,
          timestamp: 1,
          payloadType: 96,
          extensions: [mid(name)],
          payload: vp8({ key: true }),
        }),
      );
    }
    expect(uplinks.map((uplink) => uplink.activeLayers().length)).toEqual([1, 1, 1, 0]);
    // A section that changes its SSRC over and over holds one place only.
    for (let ssrc = 1000; ssrc < 1100; ssrc++) {
      scene.rtp(
        rtp({ ssrc, sequence: 1, timestamp: 1, payloadType: 96, extensions: [mid('a')], payload: vp8({ key: true }) }),
      );
    }
    expect(scene.heldSlots).toBe(3);
  });

  it('[FW6] renegotiated payload types are used at once; a layer that said BYE has stopped', () => {
    const scene = new Scene();
    const uplink = scene.uplink({ ssrcs: [{ ssrc: 7, rtxSsrc: null }] });
    const send = (payloadType: number, sequence: number) =>
      scene.rtp(rtp({ ssrc: 7, sequence, timestamp: 1, payloadType, payload: Uint8Array.of(0x67, 1) }));
    send(102, 1);
    expect(uplink.mimeType).toBeNull();
    uplink.update({
      kind: 'video',
      mid: '0',
      codecs: [codec(102, 'video/h264')],
      extensions: {},
      rids: [],
      ssrcs: [{ ssrc: 7, rtxSsrc: null }],
    });
    send(102, 2);
    expect(uplink.mimeType).toBe('video/h264');
    scene.rtcp(bye(7), 1);
    expect(uplink.activeLayers()).toEqual([]);
    expect(scene.stoppedLayers).toEqual([0]);
    expect(scene.heldSlots).toBe(0);
  });

  it('[FW8] packets of closed peers and uplinks give their slots back', () => {
    const scene = new Scene();
    const uplink = scene.uplink({ ssrcs: [{ ssrc: 7, rtxSsrc: null }] });
    const send = (sequence: number) =>
      scene.rtp(rtp({ ssrc: 7, sequence, timestamp: 1, payloadType: 96, payload: vp8({ key: true }) }));
    for (let i = 0; i < 10; i++) send(i);
    expect(scene.heldSlots).toBe(10);
    uplink.close();
    send(11);
    expect(scene.heldSlots).toBe(0);
    scene.forwarder.closePeer(1);
    send(12);
    expect(scene.heldSlots).toBe(0);
  });
});
