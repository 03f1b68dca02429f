/** Builders of RTP and RTCP for tests. */
export interface PacketFields {
  readonly ssrc: number;
  readonly sequence: number;
  readonly timestamp: number;
  readonly payloadType: number;
  readonly marker?: boolean;
  readonly extensions?: readonly (readonly [id: number, data: Uint8Array])[];
  readonly payload?: Uint8Array;
  readonly padding?: number;
}

export function rtp(fields: PacketFields): Uint8Array {
  const extensions = fields.extensions ?? [];
  const block: number[] = [];
  for (const [id, data] of extensions) block.push((id << 4) | (data.length - 1), ...data);
  while (block.length % 4 !== 0) block.push(0);
  const padding = fields.padding ?? 0;
  const bytes: number[] = [
    0x80 | (extensions.length > 0 ? 0x10 : 0) | (padding > 0 ? 0x20 : 0),
    (fields.marker ? 0x80 : 0) | fields.payloadType,
    ...u16(fields.sequence),
    ...u32(fields.timestamp),
    ...u32(fields.ssrc),
  ];
  if (extensions.length > 0) bytes.push(0xbe, 0xde, ...u16(block.length / 4), ...block);
  bytes.push(...(fields.payload ?? []));
  for (let i = 1; i <= padding; i++) bytes.push(i === padding ? padding : 0);
  return Uint8Array.from(bytes);
}

export interface Vp8Fields {
  readonly key?: boolean;
  readonly start?: boolean;
  readonly pictureId?: number;
  readonly tl0?: number;
  readonly size?: number;
  readonly short?: boolean;
}

/** A VP8 payload with its descriptor (RFC 7741). */
export function vp8(fields: Vp8Fields = {}): Uint8Array {
  const start = fields.start ?? true;
  const flags = (fields.pictureId === undefined ? 0 : 0x80) | (fields.tl0 === undefined ? 0 : 0x40);
  const bytes: number[] = [(flags === 0 ? 0 : 0x80) | (start ? 0x10 : 0)];
  if (flags !== 0) bytes.push(flags);
  if (fields.pictureId !== undefined) {
    if (fields.short) bytes.push(fields.pictureId & 0x7f);
    else bytes.push(0x80 | (fields.pictureId >> 8), fields.pictureId & 0xff);
  }
  if (fields.tl0 !== undefined) bytes.push(fields.tl0);
  bytes.push(fields.key ? 0x10 : 0x11);
  for (let i = 1; i < (fields.size ?? 20); i++) bytes.push(i & 0xff);
  return Uint8Array.from(bytes);
}

/** RFC 4588: the original's sequence number before its payload. */
export function rtx(original: PacketFields, ssrc: number, sequence: number, payloadType: number): Uint8Array {
  const payload = Uint8Array.from([...u16(original.sequence), ...(original.payload ?? [])]);
  return rtp({ ...original, ssrc, sequence, payloadType, payload });
}

export function senderReport(ssrc: number, ntpSeconds: number, ntpFraction: number, timestamp: number): Uint8Array {
  return Uint8Array.from([
    0x80,
    200,
    0,
    6,
    ...u32(ssrc),
    ...u32(ntpSeconds),
    ...u32(ntpFraction),
    ...u32(timestamp),
    ...u32(1),
    ...u32(1),
  ]);
}

export interface BlockFields {
  readonly ssrc: number;
  readonly fraction?: number;
  readonly lost?: number;
  readonly highest?: number;
  readonly jitter?: number;
  readonly lastReport?: number;
  readonly delay?: number;
}

export function receiverReport(block: BlockFields): Uint8Array {
  return Uint8Array.from([
    0x81,
    201,
    0,
    7,
    ...u32(1),
    ...u32(block.ssrc),
    ...u32(((block.fraction ?? 0) << 24) | (block.lost ?? 0)),
    ...u32(block.highest ?? 0),
    ...u32(block.jitter ?? 0),
    ...u32(block.lastReport ?? 0),
    ...u32(block.delay ?? 0),
  ]);
}

export function nack(media: number, sequence: number, following = 0): Uint8Array {
  return Uint8Array.from([0x81, 205, 0, 3, ...u32(1), ...u32(media), ...u16(sequence), ...u16(following)]);
}

export function pli(media: number): Uint8Array {
  return Uint8Array.from([0x81, 206, 0, 2, ...u32(1), ...u32(media)]);
}

export function fir(media: number): Uint8Array {
  return Uint8Array.from([0x84, 206, 0, 4, ...u32(1), ...u32(0), ...u32(media), ...u32(0x01000000)]);
}

export function bye(ssrc: number): Uint8Array {
  return Uint8Array.from([0x81, 203, 0, 1, ...u32(ssrc)]);
}

export function text(value: string): Uint8Array {
  return new TextEncoder().encode(value);
}

export function u16(value: number): number[] {
  return [(value >> 8) & 0xff, value & 0xff];
}

export function u32(value: number): number[] {
  return [(value >>> 24) & 0xff, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff];
}
