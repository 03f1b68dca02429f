import { describe, expect, it } from 'vitest';
import type { SentRow } from './testing/fake-transport.ts';
import { rtp, senderReport, text, vp8 } from './testing/packets.ts';
import { Scene } from './testing/scene.ts';

const RIDS = ['q', 'h', 'f'];

/** A publisher of three layers whose counters have nothing in common, at 30 frames a second. */
class Publisher {
  readonly scene: Scene;
  readonly layers = [0, 1, 2].map((index) => ({
    ssrc: 100 + index,
    sequence: 10_000 * (index + 1),
    /** Timestamp at time zero. */
    origin: 0x4000_0000 * index + 12_345,
    pictureId: 5000 * (index + 1),
    tl0: 50 * (index + 1),
  }));

  constructor(scene: Scene) {
    this.scene = scene;
  }

  timestamp(index: number): number {
    return (this.layers[index]!.origin + Math.round(this.scene.now * 90)) >>> 0;
  }

  frame(index: number, key = false, packets = 2): void {
    const layer = this.layers[index]!;
    layer.pictureId = (layer.pictureId + 1) & 0x7fff;
    layer.tl0 = (layer.tl0 + 1) & 0xff;
    for (let i = 0; i < packets; i++) {
      this.scene.rtp(
        rtp({
          ssrc: layer.ssrc,
          sequence: layer.sequence++ & 0xffff,
          timestamp: this.timestamp(index),
          payloadType: 96,
          marker: i === packets - 1,
          extensions: [
            [1, text('0')],
            [2, text(RIDS[index]!)],
          ],
          payload: vp8({ key, start: i === 0, pictureId: layer.pictureId, tl0: layer.tl0, size: 30 }),
        }),
      );
    }
  }

  report(index: number): void {
    this.scene.rtcp(senderReport(this.layers[index]!.ssrc, 3_900_000_000, 0, this.timestamp(index)), 1);
  }
}

/** The picture id and TL0PICIDX that the viewer sees. */
function picture(row: SentRow): { pictureId: number; tl0: number } {
  const at = 12 + 4 + 4 * new DataView(row.packet.buffer).getUint16(14);
  const own = ((row.packet[at + 2]! & 0x7f) << 8) | row.packet[at + 3]!;
  return {
    pictureId: row.vp8PictureId === -1 ? own : row.vp8PictureId,
    tl0: row.vp8Tl0 === -1 ? row.packet[at + 4]! : row.vp8Tl0,
  };
}

function expectContinuous(rows: SentRow[]): void {
  for (let i = 1; i < rows.length; i++) {
    const [before, row] = [rows[i - 1]!, rows[i]!];
    expect((row.sequence - before.sequence) & 0xffff).toBe(1);
    const step = (picture(row).pictureId - picture(before).pictureId) & 0x7fff;
    const tl0Step = (picture(row).tl0 - picture(before).tl0) & 0xff;
    const time = (row.timestamp - before.timestamp) | 0;
    if (before.marker === 1 || step !== 0) {
      expect([step, tl0Step]).toEqual([1, 1]);
      expect(time).toBeGreaterThan(0);
    } else expect([step, tl0Step, time]).toEqual([0, 0, 0]);
  }
}

function setUp(max?: number) {
  const scene = new Scene();
  const uplink = scene.uplink({ rids: RIDS });
  const publisher = new Publisher(scene);
  const downlink = scene.downlink(uplink);
  if (max !== undefined) downlink.setMaxLayer(max);
  const frames = (indices: number[], count: number, key = false) => {
    for (let i = 0; i < count; i++) {
      for (const index of indices) publisher.frame(index, key && i === 0);
      scene.run(33);
    }
  };
  const rows = () => scene.rows(downlink.outSsrc);
  return { scene, uplink, publisher, downlink, frames, rows };
}

describe('simulcast', () => {
  it('[FW21] the best active layer not above the wanted one is sent, switched at its keyframe only', () => {
    const { scene, downlink, frames, rows } = setUp(1);
    frames([0, 1, 2], 3, true);
    expect(downlink.currentLayer()).toBe(1);
    downlink.setMaxLayer(2);
    const before = scene.rtcpSent(1, 206, 1).length;
    frames([0, 1, 2], 20);
    expect(downlink.currentLayer()).toBe(1);
    expect(scene.rtcpSent(1, 206, 1).length).toBeGreaterThan(before);
    expect(scene.rtcpSent(1, 206, 1).at(-1)!.getUint32(8)).toBe(102);
    frames([2], 1, true);
    expect(downlink.currentLayer()).toBe(2);
    downlink.setMaxLayer(0);
    frames([0, 1, 2], 3);
    expect(downlink.currentLayer()).toBe(2);
    frames([0], 1, true);
    expect(downlink.currentLayer()).toBe(0);
    frames([0, 1, 2], 3);
    expectContinuous(rows());
  });

  it('[FW22] timestamps go on across layers exactly, by the publisher’s sender reports', () => {
    const { scene, downlink, publisher, frames, rows } = setUp(0);
    frames([0, 1], 3, true);
    publisher.report(0);
    publisher.report(1);
    frames([0, 1], 10);
    downlink.setMaxLayer(1);
    // The keyframe's packets are held up on the way: arrival times would put it 25 ms late.
    const last = rows().at(-1)!;
    const sentAt = scene.now;
    const late = publisher.timestamp(1);
    scene.now += 25;
    scene.rtp(
      rtp({
        ssrc: 101,
        sequence: publisher.layers[1]!.sequence & 0xffff,
        timestamp: late,
        payloadType: 96,
        marker: true,
        payload: vp8({ key: true, pictureId: 1, tl0: 1 }),
      }),
    );
    expect(downlink.currentLayer()).toBe(1);
    const first = rows().at(-1)!;
    const lastFrameAt = sentAt - 33;
    expect(((first.timestamp - last.timestamp) | 0) / 90).toBeCloseTo(sentAt - lastFrameAt, 1);
  });

  it('[FW22] without sender reports, or with absurd ones, timestamps go on by arrival', () => {
    const { scene, downlink, publisher, frames, rows } = setUp(0);
    frames([0, 1], 3, true);
    publisher.report(0);
    scene.rtcp(senderReport(101, 1_000_000, 0, 5), 1);
    frames([0, 1], 3);
    downlink.setMaxLayer(1);
    const before = rows().at(-1)!;
    frames([1], 1, true);
    const first = rows().find(
      (row) => row.timestamp !== before.timestamp && rows().indexOf(row) > rows().indexOf(before),
    )!;
    expect(((first.timestamp - before.timestamp) | 0) / 90).toBeCloseTo(33, 0);
    expectContinuous(rows());
  });

  it('[FW23] when the layer being sent dies, any live one takes over at its keyframe; when it comes back, so does it', () => {
    const { scene, uplink, downlink, frames, rows } = setUp();
    frames([0, 1, 2], 5, true);
    expect(downlink.currentLayer()).toBe(2);
    frames([0, 1], 40);
    expect(scene.rtcpSent(1, 206, 1).at(-1)!.getUint32(8)).toBe(101);
    frames([0, 1], 5, true);
    expect(downlink.currentLayer()).toBe(1);
    frames([0], 40);
    frames([0], 5, true);
    expect(downlink.currentLayer()).toBe(0);
    scene.run(3000);
    expect(scene.stoppedLayers.toSorted()).toEqual([0, 1, 2]);
    expect(uplink.activeLayers()).toEqual([]);
    expect(scene.heldSlots).toBe(0);
    frames([2], 5, true);
    expect(downlink.currentLayer()).toBe(2);
    expectContinuous(rows());
  });

  it('[FW23] a viewer who wants less than there is gets the lowest there is', () => {
    const { downlink, frames } = setUp(0);
    frames([2], 5, true);
    frames([2], 1, true);
    expect(downlink.currentLayer()).toBe(2);
  });

  it('[FW24] a keyframe whose first packet came late is sent whole, in order of its numbers', () => {
    const { scene, publisher, downlink, rows } = setUp(0);
    publisher.frame(0, false);
    const layer = publisher.layers[0]!;
    const packet = (offset: number, key: boolean) =>
      rtp({
        ssrc: layer.ssrc,
        sequence: (layer.sequence + offset) & 0xffff,
        timestamp: publisher.timestamp(0) + 3000,
        payloadType: 96,
        payload: vp8({ key, start: offset === 0, pictureId: 9, tl0: 9 }),
      });
    scene.rtp(packet(1, true));
    scene.rtp(packet(2, true));
    expect(rows()).toEqual([]);
    scene.rtp(packet(0, true));
    expect(downlink.currentLayer()).toBe(0);
    expect(rows().map((row) => row.sequence - rows()[0]!.sequence)).toEqual([0, 1, 2]);
    expect(rows().map((row) => row.packet)).toEqual([packet(0, true), packet(1, true), packet(2, true)]);
  });

  it('[FW25] a layer whose stream begins anew goes on at its keyframe without a break', () => {
    const { publisher, downlink, frames, rows } = setUp(0);
    frames([0], 5, true);
    Object.assign(publisher.layers[0]!, { ssrc: 999, sequence: 77, origin: 99_999_999, pictureId: 3, tl0: 200 });
    frames([0], 2);
    expect(downlink.currentLayer()).toBe(-1);
    frames([0], 3, true);
    expect(downlink.currentLayer()).toBe(0);
    expectContinuous(rows());
  });
});
