import { expect, it } from 'vitest';
import { extensionOffset, findExtension, marker, payloadType, sequence, ssrc, timestamp } from '../rtp.ts';
import { type Lab, LabPeer, payloadOf, rtpPacket } from './lab.ts';
import { until } from './wire.ts';

/** RTP and RTCP: rewriting, protection, slots. */
export function mediaSuite(lab: () => Lab): void {
  it('[TP21] a row is sent with its own header, both ways', async () => {
    const { a, b } = await lab().link();
    for (const [from, to] of [
      [a, b],
      [b, a],
    ] as const) {
      const slot = from.fill(rtpPacket({ payload: 'picture', marker: true }));
      from.send(
        { slot, payloadType: 101, ssrc: 0xfedcba98, sequence: 65535, timestamp: 0xf0000000 },
        { slot, payloadType: 101, ssrc: 0xfedcba98, sequence: 0, timestamp: 1, marker: 0 },
      );
      await until(() => to.rtp.length === 2, 'packets');
      const [first, second] = [to.rtp[0]!, to.rtp[1]!];
      expect([payloadType(first, 0), sequence(first, 0), ssrc(first, 0), timestamp(first, 0)]).toEqual([
        101, 65535, 0xfedcba98, 0xf0000000,
      ]);
      expect([marker(first, 0), marker(second, 0)]).toEqual([true, false]);
      expect([sequence(second, 0), timestamp(second, 0)]).toEqual([0, 1]);
      expect(payloadOf(first).toString()).toBe('picture');
      expect(first[0]).toBe(0x80);
    }
  });

  it('[TP22] extensions are mapped per receiver, and the slot stays as it was', async () => {
    const { a, b } = await lab().link();
    // Audio level under id 5, an unmapped one under id 6.
    const packet = rtpPacket({ payload: 'x', extension: 'bede0002' + '507f' + '61aabb' + '000000' });
    const slot = a.fill(packet);
    const extensions = a.transport.defineExtensions(a.index, {
      mid: { id: 1, value: 'v0' },
      transportCc: 2,
      absSendTime: 3,
      copy: [[5, 9]],
    });
    a.send(
      { slot, payloadType: 96, ssrc: 1, sequence: 1, timestamp: 0, extensions, transportCc: 0x1234 },
      { slot, payloadType: 96, ssrc: 1, sequence: 2, timestamp: 0, extensions },
    );
    await until(() => b.rtp.length === 2, 'packets');
    const value = (received: Buffer, id: number, size: number) => {
      const at = extensionOffset(findExtension(received, 0, id));
      return received.toString('hex', at, at + size);
    };
    const [full, bare] = [b.rtp[0]!, b.rtp[1]!];
    expect(value(full, 1, 2)).toBe(Buffer.from('v0').toString('hex'));
    expect(value(full, 2, 2)).toBe('1234');
    expect(findExtension(full, 0, 3)).toBeGreaterThan(0);
    expect(value(full, 9, 1)).toBe('7f');
    expect(findExtension(full, 0, 5)).toBe(-1);
    expect(findExtension(full, 0, 6)).toBe(-1);
    expect(findExtension(bare, 0, 2)).toBe(-1);
    const { slab } = a.transport;
    expect(slab.bytes.subarray(slab.offset(slot), slab.offset(slot) + packet.length)).toEqual(packet);
    a.transport.releaseExtensions(extensions);
    expect(a.transport.defineExtensions(a.index, { copy: [] })).toBe(extensions);
  });

  it('[TP23] retransmissions carry the original number; VP8 fields and payload length are patched', async () => {
    const { a, b } = await lab().link();
    const slot = a.fill(rtpPacket({ payload: Buffer.from('90e0800105' + '20aabbcc', 'hex') }));
    const row = { slot, payloadType: 97, ssrc: 5, timestamp: 0 };
    a.send(
      { ...row, sequence: 1, rtxOriginal: 0xbeef },
      { ...row, sequence: 2, vp8PictureId: 0x7654, vp8Tl0: 0x99 },
      { ...row, sequence: 3, rtxOriginal: 2, vp8PictureId: 0x7654, vp8Tl0: 0x99 },
      { ...row, sequence: 4, payloadLength: 3 },
      { ...row, sequence: 5, payloadLength: 0 },
    );
    await until(() => b.rtp.length === 5, 'packets');
    expect(b.rtp.map((packet) => payloadOf(packet).toString('hex'))).toEqual([
      'beef' + '90e080010520aabbcc',
      '90e0f6549920aabbcc',
      '0002' + '90e0f6549920aabbcc',
      '90e080',
      '',
    ]);
  });

  it('[TP24] padding of the sender is not sent on', async () => {
    const { a, b } = await lab().link();
    const padded = rtpPacket({ payload: Buffer.from('616263000003', 'hex') });
    padded[0]! |= 0x20;
    a.send({ slot: a.fill(padded), payloadType: 96, ssrc: 1, sequence: 1, timestamp: 0 });
    await until(() => b.rtp.length === 1, 'a packet');
    expect(payloadOf(b.rtp[0]!).toString()).toBe('abc');
    expect(b.rtp[0]![0]! & 0x20).toBe(0);
  });

  it('[TP25] rows of slots that moved on, of unknown peers and of peers without keys are skipped', async () => {
    const { a, b } = await lab().link();
    const unconnected = new LabPeer(a.transport);
    const slot = a.fill(rtpPacket({ payload: 'old' }));
    const generation = a.transport.slab.generations[slot]!;
    a.transport.slab.release(slot);
    const again = a.fill(rtpPacket({ payload: 'new' }));
    expect(again).toBe(slot);
    const row = { slot, payloadType: 96, ssrc: 1, timestamp: 0 };
    a.send(
      { ...row, sequence: 1, generation },
      { ...row, sequence: 2, peer: unconnected.index },
      { ...row, sequence: 3, peer: 9999 },
      { ...row, sequence: 4 },
    );
    await until(() => b.rtp.length > 0, 'a packet');
    expect(b.rtp.map((packet) => sequence(packet, 0))).toEqual([4]);
  });

  it('[TP26] batches arrive whole and in order, every packet its own', async () => {
    const { a, b } = await lab().link();
    const slots = Array.from({ length: 8 }, (_, i) => a.fill(rtpPacket({ payload: String(i).repeat(100 + i * 100) })));
    // No larger at once than the smallest kernel buffer on the way.
    const size = 40;
    for (let start = 0; start < 5 * size; start += size) {
      a.send(
        ...Array.from({ length: size }, (_, i) => ({
          slot: slots[i % 8]!,
          payloadType: 96,
          ssrc: 9,
          sequence: (65400 + start + i) & 0xffff,
          timestamp: i,
        })),
      );
      await until(() => b.rtp.length === start + size, 'all packets');
    }
    b.rtp.forEach((packet, i) => {
      expect(sequence(packet, 0)).toBe((65400 + i) & 0xffff);
      expect(payloadOf(packet).toString()).toBe(String(i % 8).repeat(100 + (i % 8) * 100));
    });
  });

  it('[TP27] repeated and changed packets are dropped and counted', async () => {
    const { a, b, wire } = await lab().link();
    wire.fromA = (data) => {
      const changed = Buffer.from(data);
      changed[changed.length - 1]! ^= 1;
      return [changed, data, data];
    };
    a.sendStream(10);
    a.transport.sendRtcp(a.index, Buffer.from('80c9000100000007', 'hex'));
    await until(() => b.rtp.length === 10 && b.rtcp.length === 1, 'packets');
    await until(() => b.transport.stats().dropped.replay === 11, 'replays');
    expect(b.transport.stats().dropped.authentication + b.transport.stats().dropped.malformed).toBe(11);
    expect(b.transport.slab.available).toBe(64);
  });

  it('[TP28] compound reports pass both ways unchanged', async () => {
    const { a, b } = await lab().link();
    const report = Buffer.from(`81c90007${'00000001'.repeat(7)}81ce00020000000100000002`, 'hex');
    a.transport.sendRtcp(a.index, report);
    b.transport.sendRtcp(b.index, report);
    await until(() => a.rtcp.length === 1 && b.rtcp.length === 1, 'reports');
    expect(a.rtcp[0]).toEqual(report);
    expect(b.rtcp[0]).toEqual(report);
  });

  it('[TP29] without free slots packets are dropped and counted; freed slots serve again', async () => {
    const { a, b } = await lab().link({ slots: 4 });
    b.keepSlots = true;
    a.sendStream(10);
    await until(() => b.transport.stats().dropped.noSlot === 6, 'drops');
    expect(b.rtp.length).toBe(4);
    for (const slot of b.slots.splice(0)) b.transport.slab.release(slot);
    a.sendStream(2, 77, 10);
    await until(() => b.rtp.length === 6, 'more packets');
  });
}
