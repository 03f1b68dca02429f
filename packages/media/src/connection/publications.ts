/**
 * What viewers' connections must know of a publication's section: the codecs and extension ids at its publisher. Keyed by
 * the uplink itself, so that an entry lives exactly as long.
 */
import type { ExtensionIds, Uplink } from '../forward/types.ts';
import type { Codec } from '../sdp/codecs.ts';

export interface Publication {
  readonly codecs: readonly Codec[];
  readonly extensions: ExtensionIds;
}

const publications = new WeakMap<Uplink, Publication>();

export function setPublication(uplink: Uplink, publication: Publication): void {
  publications.set(uplink, publication);
}

/** Undefined for an uplink that no section of ours made. */
export function publicationOf(uplink: Uplink): Publication | undefined {
  return publications.get(uplink);
}
