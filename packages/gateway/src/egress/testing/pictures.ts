/** Small H.264 and VP8 pictures that say when they were taken. */
import type { VideoConfig } from '../../stream/types.ts';

/** Baseline, 320×180, as x264 writes it. */
export const config: VideoConfig = {
  kind: 'video-config',
  sps: Uint8Array.from(Buffer.from('6742c00dd901419f9f0110000003001000000303c0f142a480', 'hex')),
  pps: Uint8Array.from(Buffer.from('68cb83cb20', 'hex')),
};

/** Capture time of a picture made by {@link h264Picture} or {@link vp8Picture}. */
export function captureOf(data: Uint8Array): number {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  return view.getFloat64(data.length - 8);
}

/** One access unit of one slice behind a 4-byte length, of so many bytes, ending in its capture time. */
export function h264Picture(keyframe: boolean, capture: number, bytes: number): Uint8Array {
  const nal = new Uint8Array(Math.max(16, bytes)).fill(0x55);
  // first_mb_in_slice 0; slice_type 7 (I) or 5 (P); pic_parameter_set_id 0.
  nal.set(keyframe ? [0x65, 0x88, 0x80] : [0x41, 0x9a, 0x80]);
  new DataView(nal.buffer).setFloat64(nal.length - 8, capture);
  const data = new Uint8Array(4 + nal.length);
  new DataView(data.buffer).setUint32(0, nal.length);
  data.set(nal, 4);
  return data;
}

/** A VP8 frame with a valid beginning (RFC 6386 §9.1). */
export function vp8Picture(keyframe: boolean, capture: number, bytes: number): Uint8Array {
  const data = new Uint8Array(Math.max(24, bytes)).fill(0x55);
  data.set(keyframe ? [0x10, 0, 0, 0x9d, 0x01, 0x2a, 0x40, 0x01, 0xb4, 0] : [0x11, 0, 0]);
  new DataView(data.buffer).setFloat64(data.length - 8, capture);
  return data;
}

/** Payloads of a VP8 frame with picture id and temporal layer (RFC 7741 §4.2). */
export function vp8Payloads(frame: Uint8Array, pictureId: number, payloadBytes = 1_100): Uint8Array[] {
  const payloads: Uint8Array[] = [];
  for (let at = 0; at < frame.length; at += payloadBytes) {
    const part = frame.subarray(at, at + payloadBytes);
    const payload = new Uint8Array(6 + part.length);
    payload.set([(at === 0 ? 0x10 : 0) | 0x80, 0xf0, 0x80 | (pictureId >> 8), pictureId & 0xff, 1, 0x20]);
    payload.set(part, 6);
    payloads.push(payload);
  }
  return payloads;
}

/** Payloads of VP9 layer frames of one picture, in non-flexible mode (RFC 9628 §4.2). */
export function vp9Payloads(layers: readonly Uint8Array[], pictureId: number, payloadBytes = 1_100): Uint8Array[] {
  return layers.flatMap((frame, layer) => {
    const payloads: Uint8Array[] = [];
    for (let at = 0; at < frame.length; at += payloadBytes) {
      const part = frame.subarray(at, at + payloadBytes);
      const payload = new Uint8Array(5 + part.length);
      const ends = at + payloadBytes >= frame.length;
      payload.set([
        0xa0 | (at === 0 ? 0x08 : 0) | (ends ? 0x04 : 0),
        0x80 | (pictureId >> 8),
        pictureId,
        layer << 1,
        0,
      ]);
      payload.set(part, 5);
      payloads.push(payload);
    }
    return payloads;
  });
}

/** Payloads of an AV1 temporal unit in the low-overhead format: an element for each OBU, cut where a packet is full. */
export function av1Payloads(unit: Uint8Array, payloadBytes = 1_100): Uint8Array[] {
  const payloads: Uint8Array[] = [];
  let continued = false;
  for (let at = 0; at < unit.length; ) {
    const head = unit[at]!;
    const headBytes = (head & 4) === 0 ? 1 : 2;
    let size = 0;
    let shift = 0;
    let body = at + headBytes;
    for (; ; body++, shift += 7) {
      size |= (unit[body]! & 0x7f) << shift;
      if ((unit[body]! & 0x80) === 0) break;
    }
    body++;
    const obu = new Uint8Array(headBytes + size);
    obu.set(unit.subarray(at, at + headBytes));
    obu[0] = head & ~2;
    obu.set(unit.subarray(body, body + size), headBytes);
    at = body + size;
    if (((head >> 3) & 15) === 2) continue;
    for (let from = 0; from < obu.length; from += payloadBytes) {
      const part = obu.subarray(from, from + payloadBytes);
      const more = from + payloadBytes < obu.length;
      // W = 1: one element, without its length.
      const payload = new Uint8Array(1 + part.length);
      payload[0] = (continued ? 0x80 : 0) | (more ? 0x40 : 0) | 0x10;
      payload.set(part, 1);
      payloads.push(payload);
      continued = more;
    }
  }
  return payloads;
}

/** An Opus packet of 20 ms (CELT, full band) that carries its capture time. */
export function opusPacket(capture: number, stereo = false): Uint8Array {
  const packet = new Uint8Array(40).fill(0x33);
  packet[0] = (31 << 3) | (stereo ? 4 : 0);
  new DataView(packet.buffer).setFloat64(1, capture);
  return packet;
}

export function opusCapture(packet: Uint8Array): number {
  return new DataView(packet.buffer, packet.byteOffset, packet.byteLength).getFloat64(1);
}
