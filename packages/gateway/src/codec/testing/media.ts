/** Media for the tests of codecs, made and read by the ffmpeg program: independent of the code under test. */
import { execFileSync } from 'node:child_process';

const MAX_BYTES = 400_000_000;

/** Runs ffmpeg on bytes. */
export function ffmpeg(args: readonly string[], input: Uint8Array = new Uint8Array(0)): Buffer {
  return execFileSync('ffmpeg', ['-v', 'error', ...args], {
    input,
    maxBuffer: MAX_BYTES,
    stdio: ['pipe', 'pipe', 'pipe'],
  });
}

export interface AacSource {
  /** Raw frames. Frame k holds the samples from (k − 1) × 1,024 on: the first is the encoder's padding. */
  readonly frames: readonly Buffer[];
  readonly asc: Buffer;
}

/** Interleaved floats to AAC-LC. */
export function encodeAac(pcm: Float32Array, rate: number, channels: 1 | 2): AacSource {
  const adts = ffmpeg(
    [...rawInput(rate, channels), '-c:a', 'aac', '-b:a', channels === 1 ? '96k' : '160k', '-f', 'adts', '-'],
    bytesOf(pcm),
  );
  const frames: Buffer[] = [];
  for (let at = 0; at + 7 < adts.length; ) {
    const length = ((adts[at + 3]! & 3) << 11) | (adts[at + 4]! << 3) | (adts[at + 5]! >> 5);
    frames.push(adts.subarray(at + 7, at + length));
    at += length;
  }
  const index = (adts[2]! >> 2) & 15;
  const bits = (2 << 11) | (index << 7) | (channels << 3);
  return { frames, asc: Buffer.of(bits >> 8, bits & 255) };
}

/** Raw AAC-LC frames at 48 kHz to interleaved floats; sample 0 is the first of frame 0. */
export function decodeAac(frames: readonly Uint8Array[], channels: 1 | 2): Float32Array {
  const parts = frames.flatMap((frame) => {
    const length = frame.length + 7;
    const head = [0xff, 0xf1, (1 << 6) | (3 << 2), (channels << 6) | (length >> 11)];
    return [Buffer.of(...head, (length >> 3) & 255, ((length & 7) << 5) | 31, 0xfc), frame];
  });
  return floatsOf(ffmpeg(['-f', 'aac', '-i', '-', '-f', 'f32le', '-'], Buffer.concat(parts)));
}

/** Interleaved floats at 48 kHz to Opus packets; packet 0 begins `padding` samples before the sound. */
export function encodeOpus(
  pcm: Float32Array,
  channels: 1 | 2,
  frameMs: number,
): { readonly packets: readonly Buffer[]; readonly padding: number } {
  const ogg = ffmpeg(
    [
      ...rawInput(48_000, channels),
      '-c:a',
      'libopus',
      '-b:a',
      '96k',
      '-frame_duration',
      String(frameMs),
      '-f',
      'ogg',
      '-',
    ],
    bytesOf(pcm),
  );
  const all: Buffer[] = [];
  let parts: Buffer[] = [];
  for (let at = 0; at + 27 <= ogg.length; ) {
    const count = ogg[at + 26]!;
    let data = at + 27 + count;
    for (let i = 0; i < count; i++) {
      const size = ogg[at + 27 + i]!;
      parts.push(ogg.subarray(data, data + size));
      data += size;
      if (size === 255) continue;
      all.push(Buffer.concat(parts));
      parts = [];
    }
    at = data;
  }
  return { packets: all.slice(2), padding: all[0]!.readUInt16LE(10) };
}

/** Opus packets to interleaved floats at 48 kHz, nothing cut off: sample 0 is the decoder's first. */
export function decodeOpus(packets: readonly Uint8Array[], channels: 1 | 2): Float32Array {
  const head = Buffer.alloc(19);
  head.write('OpusHead');
  head[8] = 1;
  head[9] = channels;
  head.writeUInt32LE(48_000, 12);
  const tags = Buffer.alloc(16);
  tags.write('OpusTags');
  let granule = 0;
  const pages = [oggPage(head, 0, 0, 2), oggPage(tags, 0, 1, 0)];
  packets.forEach((packet, i) => {
    granule += 960;
    pages.push(oggPage(packet, granule, i + 2, 0));
  });
  return floatsOf(ffmpeg(['-c:a', 'opus', '-f', 'ogg', '-i', '-', '-f', 'f32le', '-'], Buffer.concat(pages)));
}

function oggPage(packet: Uint8Array, granule: number, sequence: number, flags: number): Buffer {
  const lacing = [...new Array<number>(Math.floor(packet.length / 255)).fill(255), packet.length % 255];
  const page = Buffer.alloc(27 + lacing.length + packet.length);
  page.write('OggS');
  page[5] = flags;
  page.writeBigUInt64LE(BigInt(granule), 6);
  page.writeUInt32LE(1, 14);
  page.writeUInt32LE(sequence, 18);
  page[26] = lacing.length;
  page.set(lacing, 27);
  page.set(packet, 27 + lacing.length);
  let crc = 0;
  for (const byte of page) {
    crc ^= byte << 24;
    for (let bit = 0; bit < 8; bit++) crc = crc & 0x8000_0000 ? (crc << 1) ^ 0x04c1_1db7 : crc << 1;
  }
  page.writeUInt32LE(crc >>> 0, 22);
  return page;
}

/** A sine of one channel. */
export function tone(frequency: number, amplitude: number, rate: number, seconds: number): Float32Array {
  return Float32Array.from(
    { length: Math.round(rate * seconds) },
    (_, i) => amplitude * Math.sin((2 * Math.PI * frequency * i) / rate),
  );
}

/** A short sound of 2 kHz whose middle is at `at` samples. */
export function burst(pcm: Float32Array, at: number, rate: number): void {
  const width = rate * 0.001;
  for (let i = Math.max(0, Math.floor(at - 4 * width)); i < Math.min(pcm.length, at + 4 * width); i++) {
    const x = (i - at) / width;
    pcm[i]! += 0.8 * Math.exp(-x * x) * Math.cos((2 * Math.PI * 2_000 * (i - at)) / rate);
  }
}

/** Middle of the loudest short sound within a range of samples, by its energy. */
export function burstAt(pcm: Float32Array, from: number, to: number): number {
  let peak = from;
  for (let i = from; i < to; i++) if (Math.abs(pcm[i]!) > Math.abs(pcm[peak]!)) peak = i;
  let sum = 0;
  let moment = 0;
  for (let i = Math.max(0, peak - 150); i < Math.min(pcm.length, peak + 150); i++) {
    const energy = pcm[i]! ** 2;
    sum += energy;
    moment += energy * i;
  }
  return moment / sum;
}

/** Amplitude of one frequency in one channel's samples (Goertzel). */
export function amplitudeOf(pcm: Float32Array, frequency: number, rate: number): number {
  const factor = 2 * Math.cos((2 * Math.PI * frequency) / rate);
  let one = 0;
  let two = 0;
  for (const sample of pcm) {
    const now = sample + factor * one - two;
    two = one;
    one = now;
  }
  return (2 * Math.sqrt(Math.max(0, one * one + two * two - factor * one * two))) / pcm.length;
}

/** Root of the mean square. */
export function level(pcm: Float32Array): number {
  let sum = 0;
  for (const sample of pcm) sum += sample * sample;
  return Math.sqrt(sum / Math.max(1, pcm.length));
}

/** One channel of interleaved samples. */
export function channel(pcm: Float32Array, index: number, channels: number): Float32Array {
  return Float32Array.from({ length: Math.floor(pcm.length / channels) }, (_, i) => pcm[i * channels + index]!);
}

function rawInput(rate: number, channels: number): string[] {
  return ['-f', 'f32le', '-ar', String(rate), '-ac', String(channels), '-i', '-'];
}

function bytesOf(pcm: Float32Array): Uint8Array {
  return new Uint8Array(pcm.buffer, pcm.byteOffset, pcm.byteLength);
}

function floatsOf(bytes: Buffer): Float32Array {
  return new Float32Array(Uint8Array.from(bytes).buffer);
}
