import { describe, expect, it } from 'vitest';
import { nack, receiverReport, rtp, text, vp8 } from './testing/packets.ts';
import { codec, Scene, VIEWER_VP8 } from './testing/scene.ts';

function setUp(options: ConstructorParameters<typeof Scene>[0] = {}) {
  const scene = new Scene(options);
  const uplink = scene.uplink({ ssrcs: [{ ssrc: 7, rtxSsrc: 8 }] });
  let sequence = 65_500;
  let timestamp = 0;
  const frame = (key = false, packets = 1) => {
    timestamp += 3000;
    for (let i = 0; i < packets; i++) {
      scene.rtp(
        rtp({
          ssrc: 7,
          sequence: sequence++ & 0xffff,
          timestamp,
          payloadType: 96,
          payload: vp8({ key, start: i === 0, pictureId: (timestamp / 3000) & 0x7fff, tl0: (timestamp / 3000) & 0xff }),
        }),
      );
    }
  };
  return { scene, uplink, frame };
}

describe('downlink', () => {
  it('[FW30] what a viewer misses is sent again on its RTX stream, from the history', () => {
    const { scene, uplink, frame } = setUp();
    const downlink = scene.downlink(uplink);
    frame(true);
    for (let i = 0; i < 9; i++) frame();
    const rows = scene.rows(downlink.outSsrc);
    scene.now += 100;
    scene.rtcp(nack(downlink.outSsrc, rows[3]!.sequence, 0b101));
    const resent = scene.rows(downlink.outSsrc + 0x1000);
    expect(resent.map((row) => row.rtxOriginal)).toEqual([3, 4, 6].map((i) => rows[i]!.sequence));
    expect(resent.map((row) => row.packet)).toEqual([3, 4, 6].map((i) => rows[i]!.packet));
    expect(resent.map((row) => row.timestamp)).toEqual([3, 4, 6].map((i) => rows[i]!.timestamp));
    expect(resent.every((row) => row.payloadType === 101 && !row.stale)).toBe(true);
    expect(resent.map((row) => (row.sequence - resent[0]!.sequence) & 0xffff)).toEqual([0, 1, 2]);
    expect(downlink.stats(scene.now).nacks).toBe(1);
  });

  it('[FW30] without RTX it is sent again as it was', () => {
    const { scene, uplink, frame } = setUp();
    const downlink = scene.downlink(uplink, { rtxSsrc: null });
    frame(true);
    frame();
    const rows = scene.rows(downlink.outSsrc);
    scene.rtcp(nack(downlink.outSsrc, rows[1]!.sequence));
    const again = scene.rows(downlink.outSsrc);
    expect(again).toHaveLength(3);
    expect(again[2]).toEqual(rows[1]);
  });

  it('[FW31] a storm of NACKs: each packet at most once a round trip, and a bounded number in a second', () => {
    const { scene, uplink, frame } = setUp();
    const downlink = scene.downlink(uplink);
    frame(true, 300);
    const rows = scene.rows(downlink.outSsrc);
    const resent = () => scene.rows(downlink.outSsrc + 0x1000).length;
    scene.now += 1000;
    for (let i = 0; i < 50; i++) scene.rtcp(nack(downlink.outSsrc, rows[10]!.sequence));
    expect(resent()).toBe(1);
    scene.now += 60;
    scene.rtcp(nack(downlink.outSsrc, rows[10]!.sequence));
    expect(resent()).toBe(2);
    for (let round = 0; round < 4; round++) {
      scene.now += 60;
      for (const row of rows) scene.rtcp(nack(downlink.outSsrc, row.sequence));
    }
    expect(resent()).toBe(600);
    scene.now += 1000;
    scene.rtcp(nack(downlink.outSsrc, rows[0]!.sequence));
    expect(resent()).toBe(601);
  });

  it('[FW31] a NACK for what was never sent, or is gone from the history, is ignored', () => {
    const { scene, uplink, frame } = setUp({ history: 16 });
    const downlink = scene.downlink(uplink);
    scene.rtcp(nack(downlink.outSsrc, 5, 0xffff));
    frame(true, 40);
    const rows = scene.rows(downlink.outSsrc);
    scene.rtcp(nack(downlink.outSsrc, rows[0]!.sequence, 0xffff));
    scene.rtcp(nack(downlink.outSsrc, (rows.at(-1)!.sequence + 1) & 0xffff, 0xffff));
    expect(scene.rows(downlink.outSsrc + 0x1000)).toEqual([]);
    scene.rtcp(nack(downlink.outSsrc, rows[39]!.sequence));
    expect(scene.rows(downlink.outSsrc + 0x1000)).toHaveLength(1);
  });

  it('[FW32] a pause leaves no gap and ends with a keyframe, asked for at once', () => {
    const { scene, uplink, frame } = setUp();
    const downlink = scene.downlink(uplink);
    frame(true);
    frame();
    downlink.setPaused(true);
    for (let i = 0; i < 5; i++) frame();
    scene.run(1000);
    frame();
    expect(downlink.currentLayer()).toBe(-1);
    const before = scene.rtcpSent(1, 206, 1).length;
    downlink.setPaused(false);
    expect(scene.rtcpSent(1, 206, 1).length - before).toBe(1);
    frame();
    frame(true);
    frame();
    const rows = scene.rows(downlink.outSsrc);
    expect(rows.map((row) => (row.sequence - rows[0]!.sequence) & 0xffff)).toEqual([0, 1, 2, 3]);
    // The source's clock ran on meanwhile.
    expect(rows.map((row) => (row.timestamp - rows[0]!.timestamp) >>> 0)).toEqual([0, 3000, 27_000, 30_000]);
    expect(rows.map((row) => (row.vp8PictureId === -1 ? undefined : row.vp8PictureId))).toEqual([
      undefined,
      undefined,
      3,
      4,
    ]);
  });

  it('[FW33] a muted track sends nothing, keeps its viewers, and is not heard; unmuting leaves no gap', () => {
    const scene = new Scene();
    const uplink = scene.uplink({ kind: 'audio', ssrcs: [{ ssrc: 7, rtxSsrc: null }] });
    const downlink = scene.downlink(uplink);
    let sequence = 1;
    const speak = (level: number) =>
      scene.rtp(
        rtp({
          ssrc: 7,
          sequence: sequence++,
          timestamp: sequence * 960,
          payloadType: 111,
          extensions: [[6, Uint8Array.of(0x80 | level)]],
          payload: text('opus'),
        }),
      );
    speak(20);
    speak(20);
    speak(127);
    expect(uplink.takeAudioLevel()).toBeCloseTo(0.1, 6);
    expect(uplink.takeAudioLevel()).toBe(0);
    uplink.setMuted(true);
    for (let i = 0; i < 5; i++) speak(5);
    expect(uplink.takeAudioLevel()).toBe(0);
    uplink.setMuted(false);
    speak(10);
    const rows = scene.rows(downlink.outSsrc);
    expect(rows.map((row) => row.sequence - rows[0]!.sequence)).toEqual([0, 1, 2, 3]);
    expect((rows[3]!.timestamp - rows[0]!.timestamp) >>> 0).toBe(8 * 960);
    expect(uplink.stats(scene.now)).toMatchObject({ packets: 9, lossRate: 0 });
  });

  it('[FW34] padding-only packets leave no gap', () => {
    const scene = new Scene();
    const uplink = scene.uplink({ ssrcs: [{ ssrc: 7, rtxSsrc: null }] });
    const downlink = scene.downlink(uplink);
    const send = (sequence: number, padding = 0) =>
      scene.rtp(
        rtp({
          ssrc: 7,
          sequence,
          timestamp: 1,
          payloadType: 96,
          padding,
          payload: padding > 0 ? new Uint8Array(0) : vp8({ key: sequence === 1, start: sequence === 1 }),
        }),
      );
    send(1);
    send(2, 200);
    send(3, 100);
    send(4);
    send(6);
    send(5, 10);
    const rows = scene.rows(downlink.outSsrc);
    expect(rows.map((row) => row.sequence - rows[0]!.sequence)).toEqual([0, 1, 3, 2]);
    expect(scene.heldSlots).toBe(3);
  });

  it('[FW35] codecs are matched by parameters; what the viewer cannot decode is not sent', () => {
    const scene = new Scene();
    const uplink = scene.uplink({
      ssrcs: [{ ssrc: 7, rtxSsrc: null }],
      codecs: [codec(96, 'video/vp8'), codec(102, 'video/h264', null, 'profile-level-id=42e01f;packetization-mode=1')],
    });
    const h264 = scene.downlink(uplink, {
      codecs: [
        codec(120, 'video/h264', null, 'profile-level-id=42e01f;packetization-mode=0'),
        codec(121, 'video/h264', null, 'profile-level-id=640c1f;packetization-mode=1'),
        codec(122, 'video/h264', null, 'level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42E034'),
      ],
    });
    const onlyVp8 = scene.downlink(uplink, { codecs: [VIEWER_VP8] });
    scene.rtp(rtp({ ssrc: 7, sequence: 1, timestamp: 1, payloadType: 102, payload: Uint8Array.of(0x67, 1, 2) }));
    expect(scene.rows(h264.outSsrc).map((row) => row.payloadType)).toEqual([122]);
    expect(scene.rows(onlyVp8.outSsrc)).toEqual([]);
  });

  it('[FW36] nothing flows before the viewer’s transport is up; then it begins with a keyframe', () => {
    const { scene, uplink, frame } = setUp();
    scene.transport.states.set(2, 'checking');
    const downlink = scene.downlink(uplink);
    frame(true);
    frame();
    expect(scene.rows(downlink.outSsrc)).toEqual([]);
    scene.run(500);
    const before = scene.rtcpSent(1, 206, 1).length;
    scene.transport.states.delete(2);
    scene.run(20);
    expect(scene.rtcpSent(1, 206, 1).length - before).toBe(1);
    frame(true);
    expect(scene.rows(downlink.outSsrc)).toHaveLength(1);
  });

  it('[FW37] a viewer’s reports become its loss and jitter since the last reading', () => {
    const { scene, uplink, frame } = setUp();
    const downlink = scene.downlink(uplink);
    frame(true);
    const report = (highest: number, lost: number) =>
      scene.rtcp(receiverReport({ ssrc: downlink.outSsrc, highest, lost, jitter: 900 }));
    report(1000, 5);
    report(1100, 15);
    report(1200, 25);
    expect(downlink.stats(scene.now)).toMatchObject({ lossRate: 0.1, jitterMs: 10 });
    expect(downlink.stats(scene.now).lossRate).toBe(0);
    report(1250, 20);
    expect(downlink.stats(scene.now).lossRate).toBe(0);
  });

  it('[FW38] a closed downlink says BYE, sends nothing more and frees its maps; a closed uplink closes all', () => {
    const { scene, uplink, frame } = setUp();
    const first = scene.downlink(uplink);
    const second = scene.downlink(uplink, { peer: 3 });
    frame(true);
    first.close();
    first.close();
    expect(scene.rtcpSent(2, 203)).toHaveLength(1);
    frame();
    expect(scene.rows(first.outSsrc)).toHaveLength(1);
    expect(scene.rows(second.outSsrc)).toHaveLength(2);
    scene.forwarder.closePeer(1);
    expect(scene.transport.extensionMaps.size).toBe(0);
    expect(scene.heldSlots).toBe(0);
    expect(() => scene.downlink(uplink)).toThrow(/uplink/);
  });
});
