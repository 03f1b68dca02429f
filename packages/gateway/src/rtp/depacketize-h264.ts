/**
 * H.264 over RTP, packetization modes 0 and 1 (RFC 6184): single NAL units, STAP-A and FU-A become access units of slices
 * alone. Parameter sets are remembered and told before the IDR picture that uses them.
 */
import { nalTypes } from '../h264/nal.ts';
import { readPps } from '../h264/pps.ts';
import { readSliceHeader } from '../h264/slice.ts';
import { readSps } from '../h264/sps.ts';
import { type Depacketizer, MIN_SIDE, PictureBuffer, type PictureSink } from './depacketize.ts';

const stapA = 24;
const fuA = 28;
/** Slices of one picture: 1080p has 68 rows of macroblocks, and nobody makes more slices than rows. */
const maxSlices = 512;
/** Parameter sets remembered at once. */
const maxSets = 8;

interface PpsEntry {
  readonly spsId: number;
  readonly nal: Uint8Array;
}

export class H264Depacketizer implements Depacketizer {
  readonly #sink: PictureSink;
  readonly #buffer: PictureBuffer;
  readonly #sps = new Map<number, Uint8Array>();
  readonly #pps = new Map<number, PpsEntry>();
  #toldSps: Uint8Array | null = null;
  #toldPps: Uint8Array | null = null;
  /** The parameter sets in use are of a blank picture: it and what refers to it are dropped. */
  #blank = false;
  #open = false;
  #timestamp = 0;
  /** Where the NAL unit being gathered begins (at its length), or -1. */
  #nalStart = -1;
  #fragment = false;
  #slices = 0;
  #idrSlices = 0;
  #bSlices = 0;
  #referenced = false;
  /** pps id of the first slice. */
  #ppsId = -1;
  #damaged = false;
  /** The picture that comes next may have lost its beginning. */
  #afterLoss = false;

  constructor(sink: PictureSink, maxFrameBytes: number) {
    this.#sink = sink;
    this.#buffer = new PictureBuffer(maxFrameBytes);
  }

  push(payload: Uint8Array, timestamp: number, marker: boolean): void {
    // Padding alone: media servers send it to probe the path.
    if (payload.length === 0) return;
    if (this.#open && timestamp !== this.#timestamp) this.#finish();
    if (!this.#open) this.#begin(payload, timestamp);
    const type = payload[0]! & 0x1f;
    if (type >= 1 && type <= 23) this.#single(payload, 0, payload.length);
    else if (type === stapA) this.#aggregate(payload);
    else if (type === fuA) this.#fragmented(payload);
    else this.#damaged = true;
    if (marker) this.#finish();
  }

  lost(): void {
    if (this.#open) {
      this.#open = false;
      this.#sink.onDamage();
    }
    this.#afterLoss = true;
  }

  #begin(payload: Uint8Array, timestamp: number): void {
    this.#open = true;
    this.#timestamp = timestamp;
    this.#buffer.length = 0;
    this.#nalStart = -1;
    this.#fragment = false;
    this.#slices = 0;
    this.#idrSlices = 0;
    this.#bSlices = 0;
    this.#referenced = false;
    this.#ppsId = -1;
    // After a loss nothing tells whether this is a picture's beginning, but for what only stands there.
    this.#damaged = this.#afterLoss && !beginsPicture(payload);
    this.#afterLoss = false;
  }

  #single(bytes: Uint8Array, begin: number, end: number): void {
    this.#closeFragment(false);
    this.#openNal();
    if (!this.#buffer.append(bytes, begin, end)) this.#damaged = true;
    this.#closeNal();
  }

  /** RFC 6184 §5.7.1. */
  #aggregate(payload: Uint8Array): void {
    let at = 1;
    while (at + 2 <= payload.length) {
      const size = (payload[at]! << 8) | payload[at + 1]!;
      at += 2;
      if (size === 0 || at + size > payload.length) break;
      this.#single(payload, at, at + size);
      at += size;
    }
    if (at !== payload.length) this.#damaged = true;
  }

  /** RFC 6184 §5.8. */
  #fragmented(payload: Uint8Array): void {
    if (payload.length < 3) {
      this.#damaged = true;
      return;
    }
    const indicator = payload[0]!;
    const header = payload[1]!;
    if ((header & 0x80) !== 0) {
      this.#closeFragment(false);
      this.#openNal();
      this.#fragment = true;
      if (!this.#buffer.byte((indicator & 0xe0) | (header & 0x1f))) this.#damaged = true;
    } else if (!this.#fragment) {
      this.#damaged = true;
      return;
    }
    if (!this.#buffer.append(payload, 2, payload.length)) this.#damaged = true;
    if ((header & 0x40) !== 0) this.#closeFragment(true);
  }

  /** @param whole its last fragment came. */
  #closeFragment(whole: boolean): void {
    if (!this.#fragment) return;
    this.#fragment = false;
    if (!whole) this.#damaged = true;
    this.#closeNal();
  }

  #openNal(): void {
    this.#nalStart = this.#buffer.length;
    for (let i = 0; i < 4; i++) if (!this.#buffer.byte(0)) this.#damaged = true;
  }

  /** Decides what becomes of the NAL unit that was gathered. */
  #closeNal(): void {
    const start = this.#nalStart;
    this.#nalStart = -1;
    if (this.#damaged) {
      this.#buffer.length = start;
      return;
    }
    const nal = this.#buffer.view(start + 4, this.#buffer.length);
    const type = nal[0]! & 0x1f;
    if (type === nalTypes.slice || type === nalTypes.idr) {
      this.#slice(nal, type === nalTypes.idr);
      this.#buffer.patch32(start, nal.length);
      return;
    }
    if (type === nalTypes.sps) this.#rememberSps(nal);
    else if (type === nalTypes.pps) this.#rememberPps(nal);
    // Data partitions (Extended profile) are decoded by nobody here.
    else if (type >= nalTypes.partitionA && type <= nalTypes.partitionC) this.#damaged = true;
    this.#buffer.length = start;
  }

  #slice(nal: Uint8Array, idr: boolean): void {
    const header = readSliceHeader(nal);
    if (header === null || this.#slices >= maxSlices) {
      this.#damaged = true;
      return;
    }
    if (this.#slices === 0) this.#ppsId = header.ppsId;
    this.#slices++;
    if (idr) this.#idrSlices++;
    if (header.kind === 'B') this.#bSlices++;
    if ((nal[0]! & 0x60) !== 0) this.#referenced = true;
  }

  #rememberSps(nal: Uint8Array): void {
    const sps = readSps(nal);
    if (sps === null) {
      this.#damaged = true;
      return;
    }
    if (!this.#sps.has(sps.id) && this.#sps.size >= maxSets) this.#sps.clear();
    if (!same(this.#sps.get(sps.id) ?? null, nal)) this.#sps.set(sps.id, nal.slice());
  }

  #rememberPps(nal: Uint8Array): void {
    const pps = readPps(nal);
    if (pps === null) {
      this.#damaged = true;
      return;
    }
    if (!this.#pps.has(pps.id) && this.#pps.size >= maxSets) this.#pps.clear();
    const known = this.#pps.get(pps.id);
    if (known === undefined || !same(known.nal, nal)) this.#pps.set(pps.id, { spsId: pps.spsId, nal: nal.slice() });
  }

  #finish(): void {
    this.#closeFragment(false);
    this.#open = false;
    if (this.#damaged) {
      this.#sink.onDamage();
      return;
    }
    // Parameter sets, SEI or filler alone are no picture.
    if (this.#slices === 0) return;
    if (this.#bSlices > 0) {
      // One that nothing refers to can be left out; pictures out of order cannot be carried (composition times).
      if (this.#referenced) this.#sink.onDamage();
      return;
    }
    const keyframe = this.#idrSlices === this.#slices;
    if ((!keyframe && this.#idrSlices > 0) || (keyframe && !this.#tellParameterSets())) {
      this.#sink.onDamage();
      return;
    }
    if (this.#blank) return;
    this.#sink.onPicture(this.#buffer.take(), this.#timestamp, keyframe);
  }

  /** False when the sets of this IDR picture are not known. */
  #tellParameterSets(): boolean {
    const pps = this.#pps.get(this.#ppsId);
    const sps = pps === undefined ? undefined : this.#sps.get(pps.spsId);
    if (pps === undefined || sps === undefined) return false;
    const info = readSps(sps);
    this.#blank = info !== null && (info.width < MIN_SIDE || info.height < MIN_SIDE);
    if (this.#blank || (this.#toldSps === sps && this.#toldPps === pps.nal)) return true;
    const changed = !same(this.#toldSps, sps) || !same(this.#toldPps, pps.nal);
    this.#toldSps = sps;
    this.#toldPps = pps.nal;
    if (changed) this.#sink.onParameterSets(sps, pps.nal);
    return true;
  }
}

/** Whether a packet can only be the first of its picture: it begins with a delimiter or a parameter set. */
function beginsPicture(payload: Uint8Array): boolean {
  let type = payload[0]! & 0x1f;
  if (type === stapA) type = (payload[3] ?? 0) & 0x1f;
  else if (type === fuA) type = ((payload[1] ?? 0) & 0x80) === 0 ? 0 : payload[1]! & 0x1f;
  return type === nalTypes.delimiter || type === nalTypes.sps;
}

function same(a: Uint8Array | null, b: Uint8Array): boolean {
  if (a === null || a.length !== b.length) return false;
  for (let i = 0; i < b.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
