import { describe, expect, it } from 'vitest';
import { fir, pli, rtp, rtx, text, vp8 } from './testing/packets.ts';
import { Scene } from './testing/scene.ts';

const MID = [1, text('0')] as const;

describe('forwarding', () => {
  it('[FW1] audio goes out with the viewer’s SSRC, payload type and extensions, contiguous', () => {
    const scene = new Scene();
    const uplink = scene.uplink({ kind: 'audio' });
    const downlink = scene.downlink(uplink);
    for (let i = 0; i < 5; i++) {
      scene.rtp(
        rtp({
          ssrc: 7,
          sequence: 65_533 + i,
          timestamp: i * 960,
          payloadType: 111,
          extensions: [MID],
          payload: text('opus'),
        }),
      );
    }
    const rows = scene.rows(downlink.outSsrc);
    expect(rows).toHaveLength(5);
    expect(rows.every((row) => row.peer === 2 && row.payloadType === 109 && row.marker === -1 && !row.stale)).toBe(
      true,
    );
    expect(rows.map((row) => row.sequence - rows[0]!.sequence)).toEqual([0, 1, 2, 3, 4]);
    expect(rows.map((row) => (row.timestamp - rows[0]!.timestamp) >>> 0)).toEqual([0, 960, 1920, 2880, 3840]);
    expect(scene.transport.extensionMaps.get(rows[0]!.extensions)).toEqual({
      mid: { id: 9, value: '5' },
      transportCc: 8,
      absSendTime: 7,
      copy: [[6, 3]],
    });
    expect(uplink.mimeType).toBe('audio/opus');
  });

  it('[FW2] video begins at a keyframe, which is asked for as soon as there is a viewer', () => {
    const scene = new Scene();
    const uplink = scene.uplink({ ssrcs: [{ ssrc: 7, rtxSsrc: 8 }] });
    let sequence = 100;
    const frame = (key: boolean) =>
      scene.rtp(
        rtp({ ssrc: 7, sequence: sequence++, timestamp: sequence * 3000, payloadType: 96, payload: vp8({ key }) }),
      );
    frame(true);
    frame(false);
    const downlink = scene.downlink(uplink);
    const requests = scene.rtcpSent(1, 206, 1);
    expect(requests).toHaveLength(1);
    expect(requests[0]!.getUint32(8)).toBe(7);
    frame(false);
    expect(scene.rows(downlink.outSsrc)).toHaveLength(0);
    expect(downlink.currentLayer()).toBe(-1);
    frame(true);
    frame(false);
    expect(scene.rows(downlink.outSsrc).map((row) => row.payloadType)).toEqual([100, 100]);
    expect(downlink.currentLayer()).toBe(0);
  });

  it('[FW3] PLI and FIR of viewers reach the publisher, at most one in the interval, repeated until a keyframe comes', () => {
    const scene = new Scene({ keyframeIntervalMs: 500 });
    const uplink = scene.uplink({ ssrcs: [{ ssrc: 7, rtxSsrc: null }] });
    const downlink = scene.downlink(uplink);
    let sequence = 1;
    const frame = (key: boolean) =>
      scene.rtp(
        rtp({ ssrc: 7, sequence: sequence++, timestamp: sequence * 3000, payloadType: 96, payload: vp8({ key }) }),
      );
    frame(true);
    const sent = () => scene.rtcpSent(1, 206, 1).length;
    scene.run(600);
    const before = sent();
    scene.rtcp(pli(downlink.outSsrc));
    scene.rtcp(fir(downlink.outSsrc));
    scene.rtcp(pli(downlink.outSsrc));
    expect(sent() - before).toBe(1);
    expect(downlink.stats(scene.now).plis).toBe(3);
    frame(false);
    scene.run(520);
    expect(sent() - before).toBe(2);
    frame(true);
    for (let i = 0; i < 5; i++) {
      frame(false);
      scene.run(200);
    }
    expect(sent() - before).toBe(2);
  });

  it('[FW4] a retransmission is unwrapped and fills the gap that its loss left', () => {
    const scene = new Scene();
    const uplink = scene.uplink({ ssrcs: [{ ssrc: 7, rtxSsrc: 8 }] });
    const downlink = scene.downlink(uplink);
    const fields = (sequence: number) => ({
      ssrc: 7,
      sequence,
      timestamp: sequence * 3000,
      payloadType: 96,
      payload: vp8({ key: sequence === 10 }),
    });
    for (const sequence of [10, 11, 13]) scene.rtp(rtp(fields(sequence)));
    const nacks = scene.rtcpSent(1, 205, 1);
    expect(nacks).toHaveLength(1);
    expect(nacks[0]!.getUint16(12)).toBe(12);
    scene.rtp(rtx(fields(12), 8, 500, 97));
    const rows = scene.rows(downlink.outSsrc);
    expect(rows.map((row) => row.sequence - rows[0]!.sequence)).toEqual([0, 1, 3, 2]);
    expect(rows[3]!.packet).toEqual(rtp(fields(12)));
    scene.rtp(rtx(fields(12), 8, 501, 97));
    expect(scene.rows(downlink.outSsrc)).toHaveLength(4);
    expect(uplink.stats(scene.now)).toMatchObject({ lossRate: 0, lossBeforeRepair: 0.25 });
  });
});
