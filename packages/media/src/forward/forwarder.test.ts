import { describe, expect, it } from 'vitest';
import { fir, pli, rtp, rtx, text, vp8 } from './testing/packets.ts';
import { codec, EXTENSIONS, Scene, VP8 } from './testing/scene.ts';

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

  it('[FW20] an H.264 picture whose parameter sets are missing does not start a viewer; the repaired one does', () => {
    const scene = new Scene();
    const uplink = scene.uplink({
      codecs: [codec(102, 'video/h264', 103, 'packetization-mode=1')],
      ssrcs: [{ ssrc: 7, rtxSsrc: 8 }],
    });
    const downlink = scene.downlink(uplink, { codecs: [codec(120, 'video/h264', null, 'packetization-mode=1')] });
    const fields = (sequence: number, timestamp: number, ...payload: number[]) => ({
      ssrc: 7,
      sequence,
      timestamp,
      payloadType: 102,
      payload: Uint8Array.from(payload),
    });
    scene.rtp(rtp(fields(1, 3000, 0x61, 1)));
    // Packet 2, the STAP-A with SPS and PPS, is lost.
    scene.rtp(rtp(fields(3, 6000, 0x7c, 0x85, 1)));
    scene.rtp(rtp(fields(4, 6000, 0x7c, 0x45, 1)));
    expect(scene.rows(downlink.outSsrc)).toEqual([]);
    scene.rtp(rtx(fields(2, 6000, 0x78, 0, 1, 0x67, 0, 1, 0x68), 8, 1, 103));
    const rows = scene.rows(downlink.outSsrc);
    expect(rows.map((row) => row.sequence - rows[0]!.sequence)).toEqual([0, 1, 2]);
    expect(rows[0]!.packet[12]).toBe(0x78);
  });

  it('[FW20] an IDR slice with nothing of its picture before it starts a viewer (parameter sets out of band)', () => {
    const scene = new Scene();
    const uplink = scene.uplink({ codecs: [codec(102, 'video/h264')], ssrcs: [{ ssrc: 7, rtxSsrc: null }] });
    const downlink = scene.downlink(uplink, { codecs: [codec(120, 'video/h264')] });
    const send = (sequence: number, timestamp: number, ...payload: number[]) =>
      scene.rtp(rtp({ ssrc: 7, sequence, timestamp, payloadType: 102, payload: Uint8Array.from(payload) }));
    send(1, 3000, 0x61, 1);
    send(2, 6000, 0x65, 1);
    send(3, 6000, 0x65, 2);
    expect(scene.rows(downlink.outSsrc)).toHaveLength(2);
  });

  it('[FW6] a section whose encodings change begins anew; its viewers stay', () => {
    const scene = new Scene();
    const uplink = scene.uplink({ ssrcs: [{ ssrc: 7, rtxSsrc: null }] });
    const downlink = scene.downlink(uplink);
    scene.rtp(rtp({ ssrc: 7, sequence: 1, timestamp: 1, payloadType: 96, payload: vp8({ key: true }) }));
    uplink.update({ kind: 'video', mid: '0', codecs: [VP8], extensions: EXTENSIONS, rids: ['q', 'h'], ssrcs: [] });
    expect(scene.heldSlots).toBe(0);
    expect(downlink.currentLayer()).toBe(-1);
    const extensions = [MID, [2, text('h')]] as const;
    scene.rtp(rtp({ ssrc: 9, sequence: 500, timestamp: 9, payloadType: 96, extensions, payload: vp8({ key: true }) }));
    expect(downlink.currentLayer()).toBe(1);
    const rows = scene.rows(downlink.outSsrc);
    expect(rows.map((row) => row.sequence - rows[0]!.sequence)).toEqual([0, 1]);
  });

  it('[FW38] an SSRC can be given to a viewer’s connection once only', () => {
    const scene = new Scene();
    const uplink = scene.uplink();
    const downlink = scene.downlink(uplink, { ssrc: 77 });
    expect(() => scene.downlink(uplink, { ssrc: 77 })).toThrow(/SSRC/);
    downlink.close();
    scene.downlink(uplink, { ssrc: 77 });
  });

  it('[FW33] unmuting video asks for a keyframe at once', () => {
    const scene = new Scene();
    const uplink = scene.uplink({ ssrcs: [{ ssrc: 7, rtxSsrc: null }] });
    const downlink = scene.downlink(uplink);
    let sequence = 1;
    const frame = (key: boolean) =>
      scene.rtp(
        rtp({ ssrc: 7, sequence: sequence++, timestamp: sequence * 3000, payloadType: 96, payload: vp8({ key }) }),
      );
    frame(true);
    uplink.setMuted(true);
    scene.run(600);
    frame(true);
    scene.rtcp(pli(downlink.outSsrc));
    const before = scene.rtcpSent(1, 206, 1).length;
    uplink.setMuted(false);
    expect(scene.rtcpSent(1, 206, 1).length - before).toBe(1);
    frame(false);
    frame(true);
    const rows = scene.rows(downlink.outSsrc);
    expect(rows.map((row) => row.sequence - rows[0]!.sequence)).toEqual([0, 1]);
  });
});
