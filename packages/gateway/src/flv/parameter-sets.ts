import { nalType, nalTypes } from '../h264/nal.ts';
import { readPps } from '../h264/pps.ts';
import { readSps } from '../h264/sps.ts';
import type { VideoConfig } from '../stream/types.ts';

/** The parameter sets one publisher has sent, by their ids: at most 32 and 256 of them, each of bounded length. */
export interface ParameterSets {
  /** Takes a NAL unit of type 7 or 8. Answers false when it cannot be read. */
  store(nal: Uint8Array): boolean;
  /** The pair that a picture with this pps id needs; null when one is missing. Copies, made at each change. */
  pair(ppsId: number): VideoConfig | null;
}

export function createParameterSets(): ParameterSets {
  const sps = new Map<number, Uint8Array>();
  const pps = new Map<number, { nal: Uint8Array; spsId: number }>();
  return {
    store(nal) {
      // Copies: a set outlives the message it came in.
      if (nalType(nal) === nalTypes.sps) {
        const info = readSps(nal);
        if (info === null) return false;
        const old = sps.get(info.id);
        if (old === undefined || !equalBytes(old, nal)) sps.set(info.id, nal.slice());
        return true;
      }
      const info = readPps(nal);
      if (info === null) return false;
      const old = pps.get(info.id);
      if (old === undefined || !equalBytes(old.nal, nal)) pps.set(info.id, { nal: nal.slice(), spsId: info.spsId });
      return true;
    },
    pair(ppsId) {
      const picture = pps.get(ppsId);
      const sequence = picture === undefined ? undefined : sps.get(picture.spsId);
      if (picture === undefined || sequence === undefined) return null;
      return { kind: 'video-config', sps: sequence, pps: picture.nal };
    },
  };
}

export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
