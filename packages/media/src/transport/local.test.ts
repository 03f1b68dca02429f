import { describe, expect, it } from 'vitest';
import { FakeTransport } from '../forward/testing/fake-transport.ts';
import { rtp, vp8 } from '../forward/testing/packets.ts';
import { LocalTransport } from './local.ts';
import { COLUMN, ROW, type SendBatch } from './types.ts';

interface Given {
  readonly ssrc: number;
  readonly payloadType: number;
  readonly marker: boolean;
  readonly sequence: number;
  readonly timestamp: number;
  readonly payload: number[];
}

class Inner extends FakeTransport {
  #next = 0;
  readonly closed: number[] = [];
  override createPeer(): number {
    return this.#next++;
  }
  override closePeer(peer?: number): void {
    if (peer === undefined) return;
    this.closed.push(peer);
  }
}

function world() {
  const inner = new Inner(16);
  const transport = new LocalTransport(inner);
  const given: Given[] = [];
  const rtcp: Uint8Array[] = [];
  const remote = transport.createPeer({ onState() {}, onRtp() {}, onRtcp() {}, onData() {} });
  const local = transport.openLocalPeer({
    onRtp: (ssrc, payloadType, marker, sequence, timestamp, bytes, from, length) =>
      given.push({ ssrc, payloadType, marker, sequence, timestamp, payload: [...bytes.subarray(from, from + length)] }),
    onRtcp: (packet) => rtcp.push(packet.slice()),
  });
  return { inner, transport, given, rtcp, remote, local };
}

function fill(transport: LocalTransport, packet: Uint8Array): number {
  const slot = transport.slab.take();
  transport.slab.bytes.set(packet, transport.slab.offset(slot));
  transport.slab.lengths[slot] = packet.length;
  return slot;
}

function batch(transport: LocalTransport, slot: number, rows: Partial<Record<keyof typeof COLUMN, number>>[]) {
  const made: SendBatch = { rows: new Int32Array(ROW * rows.length), count: rows.length };
  for (const [i, given] of rows.entries()) {
    const row = {
      slot,
      generation: transport.slab.generations[slot]!,
      marker: -1,
      vp8PictureId: -1,
      vp8Tl0: -1,
      rtxOriginal: -1,
      payloadLength: -1,
      ...given,
    };
    for (const [name, value] of Object.entries(row)) made.rows[i * ROW + COLUMN[name as keyof typeof COLUMN]] = value;
  }
  return made;
}

const FIELDS = { ssrc: 1, sequence: 7, timestamp: 1_000, payloadType: 96, marker: true } as const;

describe('[TP72] local peers', () => {
  it('[TP72] get the payload and the numbers of their rows; the others are the inner transport’s', () => {
    const { inner, transport, given, remote, local } = world();
    const payload = Uint8Array.from([1, 2, 3]);
    const extensions = [[3, Uint8Array.from([9, 9])]] as const;
    const slot = fill(transport, rtp({ ...FIELDS, payload, extensions, padding: 2 }));
    transport.send(
      batch(transport, slot, [
        { peer: remote, ssrc: 5, sequence: 1 },
        { peer: local, ssrc: -2, sequence: 70_000, timestamp: -1, payloadType: 108 },
        { peer: local, ssrc: 6, sequence: 2, marker: 0 },
      ]),
    );
    expect(given).toEqual([
      {
        ssrc: 0xffff_fffe,
        payloadType: 108,
        marker: true,
        sequence: 4_464,
        timestamp: 0xffff_ffff,
        payload: [1, 2, 3],
      },
      { ssrc: 6, payloadType: 0, marker: false, sequence: 2, timestamp: 0, payload: [1, 2, 3] },
    ]);
    expect(inner.rows).toHaveLength(3);
  });

  it('[TP72] get VP8 descriptors patched, and the slot stays as it was', () => {
    const { transport, given, local } = world();
    const slot = fill(transport, rtp({ ...FIELDS, payload: vp8({ pictureId: 300, tl0: 4, size: 3 }) }));
    const before = transport.slab.bytes.slice();
    transport.send(batch(transport, slot, [{ peer: local, vp8PictureId: 1_000, vp8Tl0: 9 }]));
    expect(given[0]?.payload).toEqual([...vp8({ pictureId: 1_000, tl0: 9, size: 3 })]);
    expect(transport.slab.bytes.equals(before)).toBe(true);
  });

  it('[TP72] get nothing of a slot that moved on, nor after they are closed', () => {
    const { inner, transport, given, local } = world();
    const slot = fill(transport, rtp({ ...FIELDS, payload: Uint8Array.from([1]) }));
    const stale = batch(transport, slot, [{ peer: local }]);
    transport.slab.release(slot);
    transport.send(stale);
    fill(transport, rtp({ ...FIELDS, payload: Uint8Array.from([2]) }));
    transport.send(stale);
    expect([given, transport.state(local)]).toEqual([[], 'connected']);
    transport.closePeer(local);
    transport.send(batch(transport, slot, [{ peer: local }]));
    expect([given, inner.closed]).toEqual([[], [local]]);
  });

  it('[TP72] get their RTCP, and hold indices of their own', () => {
    const { inner, transport, rtcp, remote, local } = world();
    transport.sendRtcp(local, Uint8Array.from([1]));
    transport.sendRtcp(remote, Uint8Array.from([2]));
    expect(rtcp).toEqual([Uint8Array.from([1])]);
    expect(inner.rtcp.map(({ peer }) => peer)).toEqual([remote]);
    expect(local).not.toBe(remote);
  });
});
