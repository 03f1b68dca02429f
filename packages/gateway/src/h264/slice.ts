import { BitReader } from './bits.ts';
import { unescapeInto } from './nal.ts';

export type SliceKind = 'P' | 'B' | 'I' | 'SP' | 'SI';

/** The beginning of a slice header (ITU-T H.264 §7.3.3). */
export interface SliceHeader {
  /** Macroblock it begins with; 0 begins a picture. */
  readonly firstMb: number;
  readonly kind: SliceKind;
  readonly ppsId: number;
}

const kinds: readonly SliceKind[] = ['P', 'B', 'I', 'SP', 'SI'];

// Three Exp-Golomb codes of legal size fit well within this.
const scratch = new Uint8Array(24);

/** Reads the header of a NAL unit of type 1, 2, 5 or 19; null when it is not one. */
export function readSliceHeader(nal: Uint8Array): SliceHeader | null {
  if (nal.length < 2) return null;
  const length = unescapeInto(nal.length > 32 ? nal.subarray(1, 32) : nal.subarray(1), scratch);
  try {
    const reader = new BitReader(scratch, length);
    const firstMb = reader.unsigned();
    const type = reader.unsigned();
    const ppsId = reader.unsigned();
    // Table 7-6: 5 … 9 say the same as 0 … 4 and promise that all slices of the picture are alike.
    const kind = type < 10 ? kinds[type % 5] : undefined;
    if (kind === undefined || ppsId > 255 || firstMb > 139_264) return null;
    return { firstMb, kind, ppsId };
  } catch {
    return null;
  }
}
