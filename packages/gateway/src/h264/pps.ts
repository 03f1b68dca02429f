import { BitReader } from './bits.ts';
import { nalType, nalTypes, unescapeInto } from './nal.ts';

/** Bytes of a parameter set beyond which it is refused; encoders' have 4 … 60, scaling lists add some hundred. */
export const maxParameterSetBytes = 1_024;

/** The beginning of a picture parameter set (ITU-T H.264 §7.3.2.2). */
export interface Pps {
  readonly id: number;
  readonly spsId: number;
}

const scratch = new Uint8Array(16);

/** Reads a NAL unit of type 8; null when it is not one within bounds. */
export function readPps(nal: Uint8Array): Pps | null {
  if (nalType(nal) !== nalTypes.pps || nal.length < 2 || nal.length > maxParameterSetBytes) return null;
  const length = unescapeInto(nal.subarray(1), scratch);
  try {
    const reader = new BitReader(scratch, length);
    const id = reader.unsigned();
    const spsId = reader.unsigned();
    return id > 255 || spsId > 31 ? null : { id, spsId };
  } catch {
    return null;
  }
}
