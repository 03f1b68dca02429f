import { describe, expect, it } from 'vitest';
import type { SentRow } from './testing/fake-transport.ts';
import { nack, pli, receiverReport, rtp, rtx, senderReport, text, vp8 } from './testing/packets.ts';
import { Scene, seeded } from './testing/scene.ts';

const RIDS = ['q', 'h', 'f'];

describe('hostile input', () => {
  it('[FW50] random and mutated RTP and RTCP never throw, and every slot comes back', () => {
    for (let seed = 1; seed <= 12; seed++) {
      const random = seeded(seed);
      const scene = new Scene({ slots: 600, history: 128, seed });
      const uplinks = [
        scene.uplink({ mid: 'v', rids: RIDS }),
        scene.uplink({ mid: 'w', ssrcs: [{ ssrc: 7, rtxSsrc: 8 }] }),
        scene.uplink({ mid: 'a', kind: 'audio', ssrcs: [{ ssrc: 9, rtxSsrc: null }] }),
      ];
      for (const uplink of uplinks) for (const peer of [1, 2, 3]) scene.downlink(uplink, { peer });
      const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!;
      const integer = (limit: number) => Math.floor(random() * limit);
      for (let i = 0; i < 1500; i++) {
        const fields = {
          ssrc: random() < 0.9 ? pick([7, 8, 9, 10, 11, 12]) : integer(2 ** 32),
          sequence: random() < 0.9 ? i & 0xffff : integer(65_536),
          timestamp: integer(2 ** 32),
          payloadType: pick([96, 96, 97, 111, 127]),
          padding: random() < 0.1 ? integer(20) : 0,
          extensions: [
            [1, text(pick(['v', 'w', 'a', 'x']))],
            [pick([2, 3]), text(pick(RIDS))],
            [4, Uint8Array.of(integer(256), integer(256))],
          ] as const,
          payload: vp8({
            key: random() < 0.1,
            start: random() < 0.5,
            pictureId: integer(32_768),
            size: 1 + integer(30),
          }),
        };
        const packet = rtp(fields);
        if (random() < 0.3) for (let n = integer(4); n >= 0; n--) packet[integer(packet.length)] = integer(256);
        scene.rtp(random() < 0.1 ? packet.subarray(0, integer(packet.length + 1)) : packet, pick([1, 1, 1, 2, 9]));
        const ssrc = random() < 0.8 ? 0x9000_0000 + integer(9) : integer(2 ** 32);
        const report = pick([
          nack(ssrc, integer(65_536), integer(65_536)),
          pli(ssrc),
          receiverReport({
            ssrc,
            lost: integer(2 ** 24),
            highest: integer(2 ** 32),
            jitter: integer(2 ** 32),
            lastReport: integer(2 ** 32),
            delay: integer(2 ** 32),
          }),
          senderReport(pick([7, 8, 9, 10]), integer(2 ** 32), integer(2 ** 32), integer(2 ** 32)),
          Uint8Array.from({ length: integer(60) }, () => integer(256)),
        ]);
        if (random() < 0.5) for (let n = integer(4); n >= 0; n--) report[integer(report.length)] = integer(256);
        scene.rtcp(report, pick([1, 2, 3, 9]));
        if (random() < 0.3) scene.run(20);
        if (random() < 0.01) scene.run(3000);
        if (random() < 0.02) pick(uplinks).setMuted(random() < 0.5);
      }
      expect(scene.transport.rows.every((row) => !row.stale)).toBe(true);
      for (const uplink of uplinks) uplink.stats(scene.now);
      for (const peer of [1, 2, 3]) scene.forwarder.closePeer(peer);
      expect(scene.heldSlots).toBe(0);
      expect(scene.transport.extensionMaps.size).toBe(0);
    }
  });

  it('[FW9] a slab that runs out shortens the histories; forwarding goes on', () => {
    const scene = new Scene({ slots: 400, history: 512 });
    const uplinks = Array.from({ length: 8 }, (_, i) =>
      scene.uplink({ mid: `${i}`, ssrcs: [{ ssrc: 100 + i, rtxSsrc: null }] }),
    );
    const downlinks = uplinks.map((uplink) => scene.downlink(uplink));
    let dropped = 0;
    for (let n = 0; n < 400; n++) {
      for (let i = 0; i < uplinks.length; i++) {
        const ok = scene.rtp(
          rtp({ ssrc: 100 + i, sequence: n, timestamp: n, payloadType: 96, payload: vp8({ key: n === 0 }) }),
        );
        if (!ok) dropped++;
      }
      scene.run(5);
    }
    expect(dropped).toBe(0);
    for (const downlink of downlinks) expect(scene.rows(downlink.outSsrc)).toHaveLength(400);
    // The newest packets are still there to be sent again.
    const last = scene.rows(downlinks[0]!.outSsrc).at(-5)!;
    scene.rtcp(nack(downlinks[0]!.outSsrc, last.sequence));
    expect(scene.rows(downlinks[0]!.outSsrc + 0x1000)).toHaveLength(1);
  });
});

/** What a viewer sees of one packet. */
interface Seen {
  readonly row: SentRow;
  readonly sequence: number;
  readonly pictureId: number;
}

describe('any schedule of loss, reordering, layer switches, pauses and mutes (property)', () => {
  it('[FW51] every viewer gets contiguous numbers but for what was lost on the way in, rising picture ids and timestamps', () => {
    for (let seed = 100; seed < 140; seed++) {
      const random = seeded(seed);
      const integer = (limit: number) => Math.floor(random() * limit);
      const scene = new Scene({ seed, history: 256 });
      const uplink = scene.uplink({ mid: '0', rids: RIDS });
      const downlinks = [
        scene.downlink(uplink),
        scene.downlink(uplink, { peer: 3 }),
        scene.downlink(uplink, { peer: 4 }),
      ];
      const layers = RIDS.map((rid, i) => ({
        rid,
        ssrc: 50 + i,
        sequence: integer(65_536),
        origin: integer(2 ** 32),
        pictureId: integer(32_768),
        silent: false,
        lost: new Set<number>(),
      }));
      // Every other schedule has a perfect network: then there must be no hole at all.
      const loss = seed % 2 === 0 ? 0 : random() * 0.1;
      const late: { due: number; packet: Uint8Array }[] = [];
      let disturbed = 0;
      for (let frame = 0; frame < 300; frame++) {
        for (const layer of layers) {
          if (random() < 0.01) layer.silent = !layer.silent;
          if (layer.silent) continue;
          const asked = scene.rtcpSent(1, 206, 1).some((request) => request.getUint32(8) === layer.ssrc);
          const key = frame === 0 || (asked && random() < 0.3);
          layer.pictureId = (layer.pictureId + 1) & 0x7fff;
          const packets = 1 + integer(4);
          for (let i = 0; i < packets; i++) {
            const fields = {
              ssrc: layer.ssrc,
              sequence: layer.sequence++ & 0xffff,
              timestamp: (layer.origin + Math.round(scene.now * 90)) >>> 0,
              payloadType: 96,
              marker: i === packets - 1,
              extensions: [
                [1, text('0')],
                [2, text(layer.rid)],
              ] as const,
              payload: vp8({ key, start: i === 0, pictureId: layer.pictureId, tl0: layer.pictureId & 0xff }),
            };
            const fate = random();
            if (fate < loss) {
              const repaired = random() < 0.7;
              disturbed++;
              if (repaired)
                late.push({
                  due: frame + 1 + integer(4),
                  packet: rtx(
                    {
                      ...fields,
                      extensions: [
                        [1, text('0')],
                        [3, text(layer.rid)],
                      ],
                    },
                    layer.ssrc + 1000,
                    integer(65_536),
                    97,
                  ),
                });
            } else if (fate < loss * 2) {
              disturbed++;
              late.push({ due: frame, packet: rtp(fields) });
            } else scene.rtp(rtp(fields));
          }
          if (random() < 0.02) {
            scene.rtp(
              rtp({
                ssrc: layer.ssrc,
                sequence: layer.sequence++ & 0xffff,
                timestamp: 0,
                payloadType: 96,
                padding: 50,
              }),
            );
          }
        }
        for (const each of late.filter((one) => one.due <= frame)) scene.rtp(each.packet);
        late.splice(0, late.length, ...late.filter((one) => one.due > frame));
        if (random() < 0.05) {
          const layer = layers[integer(3)]!;
          scene.rtcp(
            senderReport(
              layer.ssrc,
              3_900_000_000 + Math.floor(scene.now / 1000),
              Math.floor(((scene.now % 1000) / 1000) * 2 ** 32),
              (layer.origin + Math.round(scene.now * 90)) >>> 0,
            ),
            1,
          );
        }
        const viewer = downlinks[integer(3)]!;
        if (random() < 0.05) viewer.setMaxLayer(integer(3));
        if (random() < 0.03) viewer.setPaused(random() < 0.4);
        if (random() < 0.01) uplink.setMuted(random() < 0.3);
        scene.run(33);
        if (frame % 50 === 0) scene.transport.rtcp.length = 0;
      }
      for (const downlink of downlinks) checkStream(scene.rows(downlink.outSsrc), seed, disturbed);
      scene.forwarder.closePeer(1);
      expect(scene.heldSlots).toBe(0);
    }
  });
});

function checkStream(rows: SentRow[], seed: number, disturbed: number): void {
  if (rows.length === 0) return;
  const seen: Seen[] = [];
  let highest = rows[0]!.sequence;
  for (const row of rows) {
    const sequence = highest + (((row.sequence - highest) << 16) >> 16);
    highest = Math.max(highest, sequence);
    const at = 12 + 4 + 4 * new DataView(row.packet.buffer).getUint16(14);
    // A late padding-only packet fills its place and has no picture.
    if (row.packet.length <= at + 4 || (row.packet[0]! & 0x20) !== 0) {
      seen.push({ row, sequence, pictureId: -1 });
      continue;
    }
    const own = ((row.packet[at + 2]! & 0x7f) << 8) | row.packet[at + 3]!;
    seen.push({ row, sequence, pictureId: row.vp8PictureId === -1 ? own : row.vp8PictureId });
  }
  seen.sort((a, b) => a.sequence - b.sequence);
  let holes = 0;
  let before: Seen | undefined;
  for (const each of seen) {
    if (before !== undefined) {
      const step = each.sequence - before.sequence;
      if (step === 0) throw new Error(`Seed ${seed}: ${each.sequence} twice.`);
      holes += step - 1;
    }
    if (each.pictureId !== -1) {
      if (before !== undefined) {
        const picture = ((each.pictureId - before.pictureId) << 17) >> 17;
        const time = (each.row.timestamp - before.row.timestamp) | 0;
        if (picture < 0)
          throw new Error(`Seed ${seed}: picture ${before.pictureId} → ${each.pictureId} at ${each.sequence}.`);
        if (picture === 0 ? time !== 0 : time <= 0)
          throw new Error(`Seed ${seed}: time ${time} at ${each.sequence}, picture +${picture}.`);
      }
      before = each;
    } else before = { ...each, pictureId: before?.pictureId ?? each.pictureId, row: before?.row ?? each.row };
  }
  // Holes are what was lost, and what came too late to be placed; never a switch, a pause or a mute.
  expect(holes).toBeLessThanOrEqual(disturbed);
}
