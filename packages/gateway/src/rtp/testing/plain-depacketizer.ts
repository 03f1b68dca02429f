/** RFC 6184 read back as literally as it is written, for the tests of the packetizer: throws at whatever is not allowed. */

export interface SentPacket {
  readonly payload: Uint8Array;
  readonly timestamp: number;
  readonly marker: boolean;
}

/** NAL units of the packets of one access unit. */
export function unpack(packets: readonly SentPacket[]): Uint8Array[] {
  const nals: Uint8Array[] = [];
  let fragments: Uint8Array[] | null = null;
  for (const { payload } of packets) {
    const type = payload[0]! & 0x1f;
    if (type !== 28 && fragments !== null) throw new Error('a fragmented unit was not ended');
    if (type >= 1 && type <= 23) {
      nals.push(payload);
    } else if (type === 24) {
      let at = 1;
      while (at < payload.length) {
        const size = payload[at]! * 256 + payload[at + 1]!;
        if (size === 0 || at + 2 + size > payload.length) throw new Error('a size beyond the aggregate');
        nals.push(payload.slice(at + 2, at + 2 + size));
        at += 2 + size;
      }
    } else if (type === 28) {
      const [start, end, reserved] = [payload[1]! & 0x80, payload[1]! & 0x40, payload[1]! & 0x20];
      if (reserved !== 0) throw new Error('the reserved bit is set');
      if (start !== 0 && end !== 0) throw new Error('start and end in one fragment (§5.8)');
      if ((start !== 0) !== (fragments === null)) throw new Error('a fragment out of place');
      if (payload.length < 3) throw new Error('an empty fragment');
      fragments ??= [Uint8Array.of((payload[0]! & 0xe0) | (payload[1]! & 0x1f))];
      fragments.push(payload.subarray(2));
      if (end !== 0) {
        nals.push(Buffer.concat(fragments));
        fragments = null;
      }
    } else {
      throw new Error(`type ${type} in packetization mode 1`);
    }
  }
  if (fragments !== null) throw new Error('the last fragmented unit was not ended');
  return nals;
}
