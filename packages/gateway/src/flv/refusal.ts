import type { MediaUnit } from '../stream/types.ts';

/** Why a publish is ended: reordered pictures, media that cannot be passed on, or more of it than allowed. */
export interface UnitRefusal {
  readonly kind: 'refused';
  readonly code: 'bFrames' | 'badMedia' | 'tooMuch';
  /** A sentence for the one who publishes. */
  readonly detail: string;
}

export type UnitReading = { readonly kind: 'units'; readonly units: readonly MediaUnit[] } | UnitRefusal;

export const noUnits: UnitReading = { kind: 'units', units: [] };

export function refuse(code: UnitRefusal['code'], detail: string): UnitRefusal {
  return { kind: 'refused', code, detail };
}

export function bad(detail: string): UnitRefusal {
  return refuse('badMedia', detail);
}
