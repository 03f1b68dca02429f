/** Opus packets as an Ogg file (RFC 3533, RFC 7845), so that the ffmpeg program decodes what came by RTP. */
const SERIAL = 1;

/** Samples at 48 kHz of one packet (RFC 6716 §3.1). */
export function opusSamples(packet: Uint8Array): number {
  const [toc = 0, count = 0] = packet;
  const config = toc >> 3;
  const size =
    config < 12
      ? ([480, 960, 1_920, 2_880][config & 3] ?? 0)
      : config < 16
        ? ([480, 960][config & 1] ?? 0)
        : ([120, 240, 480, 960][config & 3] ?? 0);
  const code = toc & 3;
  return size * (code === 0 ? 1 : code === 3 ? count & 0x3f : 2);
}

/** No pre-skip: a receiver of RTP hears the coder's look-ahead too. */
export function oggOpus(packets: readonly Uint8Array[]): Buffer {
  const head = Buffer.alloc(19);
  head.write('OpusHead', 'latin1');
  head.set([1, 1], 8);
  head.writeUInt32LE(48_000, 12);
  const tags = Buffer.concat([Buffer.from('OpusTags'), Buffer.from([1, 0, 0, 0, 0x78, 0, 0, 0, 0])]);
  const pages = [page(head, 0n, 0, 2), page(tags, 0n, 1, 0)];
  let granule = 0;
  packets.forEach((packet, index) => {
    granule += opusSamples(packet);
    pages.push(page(packet, BigInt(granule), index + 2, index === packets.length - 1 ? 4 : 0));
  });
  return Buffer.concat(pages);
}

function page(packet: Uint8Array, granule: bigint, sequence: number, flags: number): Buffer {
  const laces = Math.floor(packet.length / 255) + 1;
  const header = Buffer.alloc(27 + laces, 255);
  header.write('OggS', 'latin1');
  header.set([0, flags], 4);
  header.writeBigUInt64LE(granule, 6);
  header.writeUInt32LE(SERIAL, 14);
  header.writeUInt32LE(sequence, 18);
  header.writeUInt32LE(0, 22);
  header.set([laces], 26);
  header.set([packet.length % 255], 26 + laces);
  const whole = Buffer.concat([header, packet]);
  whole.writeUInt32LE(checksum(whole), 22);
  return whole;
}

/** CRC-32 with polynomial 0x04c11db7, nothing reflected (RFC 3533 §6). */
function checksum(bytes: Uint8Array): number {
  let crc = 0;
  for (const byte of bytes) {
    crc ^= byte << 24;
    for (let bit = 0; bit < 8; bit += 1) crc = crc < 0 ? (crc << 1) ^ 0x04c11db7 : crc << 1;
  }
  return crc >>> 0;
}
