/** The client's offer over our table: every section turns as the offer says. */
import type { MediaKind } from '../forward/types.ts';
import { mirrorExtensions, uplinkIds } from '../sdp/extensions.ts';
import type { MediaSection, RemoteDescription } from '../sdp/parse.ts';
import { isDraining, isFree, type MediaState, newMediaState, publishing, type SectionState } from './sections.ts';
import { NegotiationError } from './types.ts';
import { publish, type UplinkContext, unpublish } from './uplinks.ts';

/**
 * An extension keeps its id while a track is sent with it (RFC 8285 §6): viewers' maps were made from it.
 *
 * @throws {NegotiationError}
 */
export function checkExtensions(sections: readonly SectionState[], offer: RemoteDescription): void {
  for (const [i, section] of offer.sections.entries()) {
    const state = sections[i];
    if (section.kind === 'application' || state === undefined || state.kind === 'application') continue;
    const ids = uplinkIds(state.publication?.extensions ?? []);
    if (section.extensions.some(({ name, id }) => ids[name] !== undefined && ids[name] !== id)) {
      throw new NegotiationError('a header extension changed its id');
    }
  }
}

export interface Turned {
  /** Sections that a waiting subscription may take in this answer. */
  readonly reusable: ReadonlySet<MediaState>;
  /** Sections to receive on that the offer added. */
  readonly added: Readonly<Record<MediaKind, number>>;
}

/** Turns every section of a checked offer; new ones are added to the table. */
export function turnSections(context: UplinkContext, sections: SectionState[], offer: RemoteDescription): Turned {
  const reusable = new Set<MediaState>();
  const added = { audio: 0, video: 0 };
  // Tracks that moved from one section to another must stop on the one before they start on the other.
  for (const [i, remote] of offer.sections.entries()) {
    const state = sections[i];
    if (state === undefined || state.kind === 'application') continue;
    const replaced = state.mid !== remote.mid;
    if (replaced || !publishing(remote)) unpublish(context, state);
    if (replaced) state.subscription?.detach();
  }
  for (const [i, remote] of offer.sections.entries()) {
    const known = sections[i];
    if (remote.kind === 'application') {
      const { mid, protocol, rejected } = remote;
      sections[i] = { kind: 'application', mid, protocol, rejected };
      continue;
    }
    const keeps = known !== undefined && known.kind !== 'application' && known.mid === remote.mid;
    const state = keeps ? known : newMediaState(remote.kind, remote.mid, remote.protocol);
    sections[i] = state;
    turn(context, state, remote);
    if (!keeps && state.receives) added[remote.kind] += 1;
    if (isFree(state, remote.kind)) reusable.add(state);
    else if (isDraining(state)) state.direction = 'inactive';
  }
  return { reusable, added };
}

function turn(context: UplinkContext, state: MediaState, remote: MediaSection): void {
  state.protocol = remote.protocol;
  state.payloadTypes = remote.payloadTypes;
  state.extmapAllowMixed = remote.extmapAllowMixed;
  // A section with no codec of ours cannot be answered otherwise (RFC 3264 §6).
  state.rejected = remote.rejected || remote.codecs.length === 0;
  state.receives = !state.rejected && remote.direction === 'recvonly';
  if (!state.receives) state.subscription?.detach();
  if (state.rejected) {
    unpublish(context, state);
    state.direction = 'inactive';
  } else if (publishing(remote)) {
    publish(context, state, remote);
  } else {
    state.codecs = remote.codecs;
    state.extensions = mirrorExtensions(remote.extensions);
    if (!state.receives) state.direction = 'inactive';
  }
}
