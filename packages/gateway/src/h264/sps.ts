import { BitReader, BitWriter } from './bits.ts';
import { nalType, nalTypes, withEmulationPrevention, withoutEmulationPrevention } from './nal.ts';
import { maxParameterSetBytes } from './pps.ts';

/** bitstream_restriction of the VUI, as far as it tells how long a decoder may hold pictures back. */
export interface BitstreamRestriction {
  readonly maxNumReorderFrames: number;
  readonly maxDecFrameBuffering: number;
}

/** What the gateway reads of a sequence parameter set (ITU-T H.264 §7.3.2.1). */
export interface Sps {
  readonly id: number;
  readonly profile: number;
  /** constraint_set flags, the byte between profile and level. */
  readonly constraints: number;
  /** level_idc: ten times the level. */
  readonly level: number;
  readonly chromaFormat: number;
  readonly bitDepthLuma: number;
  readonly bitDepthChroma: number;
  readonly picOrderCntType: number;
  readonly maxNumRefFrames: number;
  readonly frameMbsOnly: boolean;
  /** Luma samples after cropping. */
  readonly width: number;
  readonly height: number;
  readonly vui: boolean;
  readonly restriction: BitstreamRestriction | null;
}

/** Where the rewriter cuts, in bits of the payload without emulation prevention. */
interface Marks {
  /** vui_parameters_present_flag. */
  readonly vuiFlag: number;
  /** bitstream_restriction_flag; -1 without VUI. */
  readonly restrictionFlag: number;
  /** max_num_reorder_frames; -1 without restriction. */
  readonly reorder: number;
}

const highProfiles: ReadonlySet<number> = new Set([100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135]);

/** Level 6.2 allows no side of more macroblocks. */
const maxSideMbs = 1_055;

/** Reads a NAL unit of type 7; null when it is not one within bounds. */
export function readSps(nal: Uint8Array): Sps | null {
  return parse(nal)?.sps ?? null;
}

/**
 * The same parameter set with a VUI that says max_num_reorder_frames = 0 and holds back no more pictures than are
 * referred to, so that a decoder shows each picture at once. Right only for streams without B pictures, whose order of
 * output is that of decoding. The same array comes back when it says so already, or cannot be read.
 */
export function withoutReordering(nal: Uint8Array): Uint8Array {
  const parsed = parse(nal);
  if (parsed === null) return nal;
  const { sps, payload, marks } = parsed;
  const restriction = sps.restriction;
  if (restriction?.maxNumReorderFrames === 0 && restriction.maxDecFrameBuffering <= sps.maxNumRefFrames) return nal;
  const writer = new BitWriter();
  if (marks.reorder >= 0) {
    writer.copy(payload, marks.reorder);
  } else {
    if (marks.restrictionFlag >= 0) {
      writer.copy(payload, marks.restrictionFlag);
    } else {
      writer.copy(payload, marks.vuiFlag);
      writer.bit(1);
      // aspect ratio, overscan, video signal, chroma location, timing, both HRDs, pic_struct: none of them present.
      writer.bits(0, 8);
    }
    writer.bit(1);
    // What a decoder assumes where nothing is said (annex E.2.1).
    writer.bit(1);
    for (const value of [2, 1, 15, 15]) writer.unsigned(value);
  }
  writer.unsigned(0);
  writer.unsigned(sps.maxNumRefFrames);
  writer.trailing();
  return withEmulationPrevention(writer.bytes());
}

function parse(nal: Uint8Array): { sps: Sps; payload: Uint8Array; marks: Marks } | null {
  if (nalType(nal) !== nalTypes.sps || nal.length < 5 || nal.length > maxParameterSetBytes) return null;
  const payload = withoutEmulationPrevention(nal);
  try {
    const reader = new BitReader(payload);
    reader.bits(8);
    const profile = reader.bits(8);
    const constraints = reader.bits(8);
    const level = reader.bits(8);
    const id = reader.unsigned();
    if (id > 31) return null;
    const format = readFormat(reader, profile);
    if (format === null || reader.unsigned() > 12) return null;
    const picOrderCntType = readPicOrderCount(reader);
    const maxNumRefFrames = reader.unsigned();
    if (picOrderCntType === null || maxNumRefFrames > 16) return null;
    reader.bit(); // gaps_in_frame_num_value_allowed_flag
    const size = readSize(reader, format.chromaFormat, format.separatePlanes);
    if (size === null) return null;
    const vuiFlag = reader.position;
    const vui = reader.bit() === 1;
    const extra = vui ? readVui(reader) : null;
    const sps: Sps = {
      id,
      profile,
      constraints,
      level,
      chromaFormat: format.chromaFormat,
      bitDepthLuma: format.bitDepthLuma,
      bitDepthChroma: format.bitDepthChroma,
      picOrderCntType,
      maxNumRefFrames,
      ...size,
      vui,
      restriction: extra?.restriction ?? null,
    };
    const marks = { vuiFlag, restrictionFlag: extra?.restrictionFlag ?? -1, reorder: extra?.reorder ?? -1 };
    return { sps, payload, marks };
  } catch {
    return null;
  }
}

function readFormat(reader: BitReader, profile: number) {
  if (!highProfiles.has(profile)) {
    return { chromaFormat: 1, bitDepthLuma: 8, bitDepthChroma: 8, separatePlanes: false };
  }
  const chromaFormat = reader.unsigned();
  if (chromaFormat > 3) return null;
  const separatePlanes = chromaFormat === 3 && reader.bit() === 1;
  const bitDepthLuma = 8 + reader.unsigned();
  const bitDepthChroma = 8 + reader.unsigned();
  if (bitDepthLuma > 14 || bitDepthChroma > 14) return null;
  reader.bit(); // qpprime_y_zero_transform_bypass_flag
  if (reader.bit() === 1) {
    const lists = chromaFormat === 3 ? 12 : 8;
    for (let i = 0; i < lists; i++) if (reader.bit() === 1) skipScalingList(reader, i < 6 ? 16 : 64);
  }
  return { chromaFormat, bitDepthLuma, bitDepthChroma, separatePlanes };
}

/** §7.3.2.1.1.1 */
function skipScalingList(reader: BitReader, size: number): void {
  let last = 8;
  let next = 8;
  for (let i = 0; i < size; i++) {
    if (next !== 0) next = (((last + reader.signed()) % 256) + 256) % 256;
    if (next !== 0) last = next;
  }
}

function readPicOrderCount(reader: BitReader): number | null {
  const type = reader.unsigned();
  if (type > 2) return null;
  if (type === 0 && reader.unsigned() > 12) return null;
  if (type === 1) {
    reader.bit();
    reader.signed();
    reader.signed();
    const cycle = reader.unsigned();
    if (cycle > 255) return null;
    for (let i = 0; i < cycle; i++) reader.signed();
  }
  return type;
}

function readSize(reader: BitReader, chromaFormat: number, separatePlanes: boolean) {
  const widthMbs = reader.unsigned() + 1;
  const heightUnits = reader.unsigned() + 1;
  const frameMbsOnly = reader.bit() === 1;
  if (!frameMbsOnly) reader.bit(); // mb_adaptive_frame_field_flag
  reader.bit(); // direct_8x8_inference_flag
  const heightMbs = heightUnits * (frameMbsOnly ? 1 : 2);
  if (widthMbs > maxSideMbs || heightMbs > maxSideMbs) return null;
  let width = widthMbs * 16;
  let height = heightMbs * 16;
  if (reader.bit() === 1) {
    const [left, right, top, bottom] = [reader.unsigned(), reader.unsigned(), reader.unsigned(), reader.unsigned()];
    // Table 6-1 and §7.4.2.1.1: cropping counts chroma samples, and pairs of lines where fields are allowed.
    const subsampled = !separatePlanes && chromaFormat !== 0;
    const unitX = subsampled && chromaFormat !== 3 ? 2 : 1;
    const unitY = (subsampled && chromaFormat === 1 ? 2 : 1) * (frameMbsOnly ? 1 : 2);
    width -= (left + right) * unitX;
    height -= (top + bottom) * unitY;
    if (width <= 0 || height <= 0) return null;
  }
  return { width, height, frameMbsOnly };
}

/** Annex E.1.1 */
function readVui(reader: BitReader) {
  if (reader.bit() === 1 && reader.bits(8) === 255) reader.bits(32);
  if (reader.bit() === 1) reader.bit();
  if (reader.bit() === 1) {
    reader.bits(4);
    if (reader.bit() === 1) reader.bits(24);
  }
  if (reader.bit() === 1) {
    reader.unsigned();
    reader.unsigned();
  }
  if (reader.bit() === 1) {
    reader.bits(32);
    reader.bits(32);
    reader.bit();
  }
  const nalHrd = reader.bit() === 1;
  if (nalHrd) skipHrd(reader);
  const vclHrd = reader.bit() === 1;
  if (vclHrd) skipHrd(reader);
  if (nalHrd || vclHrd) reader.bit();
  reader.bit(); // pic_struct_present_flag
  const restrictionFlag = reader.position;
  if (reader.bit() === 0) return { restrictionFlag, reorder: -1, restriction: null };
  reader.bit();
  for (let i = 0; i < 4; i++) reader.unsigned();
  const reorder = reader.position;
  const maxNumReorderFrames = reader.unsigned();
  const maxDecFrameBuffering = reader.unsigned();
  return { restrictionFlag, reorder, restriction: { maxNumReorderFrames, maxDecFrameBuffering } };
}

/** Annex E.1.2 */
function skipHrd(reader: BitReader): void {
  const count = reader.unsigned();
  reader.bits(8);
  // More than 32 would be against §E.2.2; the reader's end bounds the loop in any case.
  for (let i = 0; i <= Math.min(count, 31); i++) {
    reader.unsigned();
    reader.unsigned();
    reader.bit();
  }
  reader.bits(20);
}
