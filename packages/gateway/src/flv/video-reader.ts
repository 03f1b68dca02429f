import { readAvcConfig } from '../h264/avc-config.ts';
import { joinAvcc, type LengthSize, nalType, nalTypes, splitAvcc } from '../h264/nal.ts';
import { readSliceHeader } from '../h264/slice.ts';
import type { MediaUnit, VideoConfig } from '../stream/types.ts';
import { videoName } from './codec-names.ts';
import { createParameterSets, equalBytes } from './parameter-sets.ts';
import { bad, noUnits, refuse, type UnitReading } from './refusal.ts';

/** Reads the video bodies of one publisher. */
export interface VideoReader {
  /** @param place gives the message its place on the timeline; called for frames that are passed on only. */
  read(body: Uint8Array, place: () => number): UnitReading;
  /** Pictures that were left out: no keyframe before them, or a parameter set missing. */
  readonly dropped: number;
}

const tooManySets = 'two pictures of one group use different parameter sets, which cannot be passed on';

/** What one message holds, when it is sound. */
interface Picture {
  /** Slices in order. */
  readonly slices: readonly Uint8Array[];
  /** Units of the message that are not slices. */
  readonly others: number;
  readonly keyframe: boolean;
  readonly ppsId: number;
}

export function createVideoReader(limits: { readonly maxFrameBytes: number }): VideoReader {
  const sets = createParameterSets();
  let lengthSize: LengthSize | null = null;
  let config: VideoConfig | null = null;
  let configPpsId = -1;
  let started = false;
  let dropped = 0;

  function onConfig(record: Uint8Array): UnitReading {
    const read = readAvcConfig(record);
    if (read === null) return bad('the H.264 sequence header cannot be read');
    lengthSize = read.lengthSize;
    for (const nal of [...read.sps, ...read.pps]) {
      if (!sets.store(nal)) return bad('a parameter set of the H.264 sequence header cannot be read');
    }
    return noUnits;
  }

  function onPicture(picture: Picture, data: Uint8Array, place: () => number): UnitReading {
    const units: MediaUnit[] = [];
    if (picture.keyframe) {
      const pair = sets.pair(picture.ppsId);
      if (pair === null) {
        // Its group cannot be decoded; the next one may bring what is missing.
        started = false;
        dropped++;
        return noUnits;
      }
      if (config === null || !equalBytes(config.sps, pair.sps) || !equalBytes(config.pps, pair.pps)) {
        config = pair;
        units.push(pair);
      }
      configPpsId = picture.ppsId;
      started = true;
    } else if (!started) {
      dropped++;
      return noUnits;
    } else if (picture.ppsId !== configPpsId) {
      return bad(tooManySets);
    }
    const untouched = picture.others === 0 && lengthSize === 4;
    const frame = untouched ? data : joinAvcc(picture.slices);
    units.push({ kind: 'video', timestampMs: place(), keyframe: picture.keyframe, data: frame });
    return { kind: 'units', units };
  }

  return {
    get dropped() {
      return dropped;
    },
    read(body, place) {
      const first = body[0];
      if (first === undefined) return noUnits;
      if ((first & 0x80) !== 0 || (first & 15) !== 7) {
        // Frame type 5 is a command for the player and holds no picture.
        if (first >> 4 === 5) return noUnits;
        return bad(`the picture is ${videoName(body)}: send H.264`);
      }
      if (first >> 4 === 5 || body.length < 5) return noUnits;
      const packetType = body[1];
      if (packetType === 0) return onConfig(body.subarray(5));
      // 2 is the end of a sequence.
      if (packetType === 2) return noUnits;
      if (packetType !== 1) return bad(`H.264 packet type ${packetType} is not known`);
      if (body[2] !== 0 || body[3] !== 0 || body[4] !== 0) {
        return refuse('bFrames', 'the picture has B frames (a composition offset): switch them off in the encoder');
      }
      const data = body.subarray(5);
      if (data.length > limits.maxFrameBytes) return refuse('tooMuch', 'a picture is too large');
      if (lengthSize === null) {
        dropped++;
        return noUnits;
      }
      const nals = splitAvcc(data, lengthSize);
      if (nals === null) return bad('a picture is not framed as its sequence header says');
      const picture = readPicture(nals, sets);
      if (picture === null) return noUnits;
      return 'code' in picture ? picture : onPicture(picture, data, place);
    },
  };
}

/** Sorts the units of one message; null when there is no slice among them. Parameter sets go to `sets`. */
function readPicture(nals: readonly Uint8Array[], sets: ReturnType<typeof createParameterSets>) {
  const slices: Uint8Array[] = [];
  let idr = 0;
  let ppsId = -1;
  for (const nal of nals) {
    if (((nal[0] ?? 0) & 0x80) !== 0) return bad('a NAL unit has its forbidden bit set');
    const type = nalType(nal);
    if (type === nalTypes.sps || type === nalTypes.pps) {
      if (!sets.store(nal)) return bad('a parameter set cannot be read');
      continue;
    }
    if (type >= nalTypes.partitionA && type <= nalTypes.partitionC) {
      return bad('H.264 data partitioning (Extended profile) is not supported');
    }
    if (type !== nalTypes.slice && type !== nalTypes.idr) continue;
    const header = readSliceHeader(nal);
    if (header === null) return bad('a slice header cannot be read');
    if (header.kind === 'B') return refuse('bFrames', 'the picture has B frames: switch them off in the encoder');
    if (slices.length === 0 && header.firstMb !== 0) return bad('a message holds a part of a picture only');
    if (ppsId !== -1 && header.ppsId !== ppsId) return bad(tooManySets);
    ppsId = header.ppsId;
    if (type === nalTypes.idr) idr++;
    slices.push(nal);
  }
  if (slices.length === 0) return null;
  if (idr !== 0 && idr !== slices.length) return bad('a picture is a keyframe in a part of it only');
  return { slices, others: nals.length - slices.length, keyframe: idr !== 0, ppsId };
}
