/** The one table of a peer connection: its sections in order. Mids are never deleted, they turn. */
import type { MediaKind, Uplink } from '../forward/types.ts';
import type { Codec } from '../sdp/codecs.ts';
import type { Extension } from '../sdp/extensions.ts';
import type { RemoteDescription, Section as RemoteSection } from '../sdp/parse.ts';
import type { ViewerSubscription } from './subscription.ts';
import { NegotiationError } from './types.ts';

export interface DataState {
  readonly kind: 'application';
  mid: string;
  protocol: string;
  rejected: boolean;
}

export interface MediaState {
  readonly kind: MediaKind;
  mid: string;
  protocol: string;
  rejected: boolean;
  /** The client is ready to receive on it (it offered `recvonly`); always true where we offer. */
  receives: boolean;
  /** Our direction in the last description. */
  direction: 'sendonly' | 'recvonly' | 'inactive';
  /** Codecs and extensions of the section in our last description. */
  codecs: readonly Codec[];
  extensions: readonly Extension[];
  extmapAllowMixed: boolean;
  rids: readonly string[];
  payloadTypes: readonly number[];
  /** Set while the client publishes on it. */
  publication: { readonly uplink: Uplink; readonly trackId: string; readonly extensions: readonly Extension[] } | null;
  /** Set while a subscription has it. */
  subscription: ViewerSubscription | null;
}

export type SectionState = MediaState | DataState;

/** A media section as it stands before anything was negotiated on it. */
export function newMediaState(kind: MediaKind, mid: string, protocol: string): MediaState {
  return {
    kind,
    mid,
    protocol,
    rejected: false,
    receives: false,
    direction: 'inactive',
    codecs: [],
    extensions: [],
    extmapAllowMixed: false,
    rids: [],
    payloadTypes: [],
    publication: null,
    subscription: null,
  };
}

/**
 * A section that a new subscription may take. One that sent to the viewer must have been inactive in between: browsers
 * announce a track only when its section begins to receive.
 */
export function isFree(section: SectionState, kind: MediaKind): boolean {
  return (
    section.kind === kind &&
    !section.rejected &&
    section.receives &&
    section.publication === null &&
    section.subscription === null &&
    section.direction !== 'sendonly'
  );
}

/** Was sending and lost its subscription: the next description turns it inactive. */
export function isDraining(section: SectionState): boolean {
  return section.kind !== 'application' && section.subscription === null && section.direction === 'sendonly';
}

/**
 * Checks that a description continues the table: every section still there, in order, of its kind; only a stopped one may
 * have been replaced (RFC 9429 §5.2.2).
 *
 * @throws {NegotiationError}
 */
export function checkContinues(table: readonly SectionState[], remote: RemoteDescription, answer: boolean): void {
  const { sections } = remote;
  if (sections.length < table.length || (answer && sections.length !== table.length)) {
    throw new NegotiationError('sections are missing or too many');
  }
  for (let i = 0; i < table.length; i++) {
    const known = table[i]!;
    const given = sections[i]!;
    if (given.kind === known.kind && given.mid === known.mid) continue;
    if (answer || !known.rejected) throw new NegotiationError('a section changed its place, kind or mid');
  }
}

/** Sections that publish in an offer. */
export function publishing(section: RemoteSection): boolean {
  return (
    section.kind !== 'application' &&
    !section.rejected &&
    (section.direction === 'sendonly' || section.direction === 'sendrecv')
  );
}
