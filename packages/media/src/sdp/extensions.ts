/**
 * Header extensions (RFC 8285) that we understand: URI ↔ our name, and what each direction may use.
 *
 * Without `urn:3gpp:video-orientation`: a sender that may not name a picture's rotation turns the picture itself. RTMP, FLV
 * and recordings have no place for the extension, and their pictures would lie on their side. LiveKit leaves it out, too.
 */
import { NegotiationError } from '../connection/types.ts';
import type { ExtensionIds, MediaKind } from '../forward/types.ts';
import type { SdpLimits } from './limits.ts';

export type ExtensionName = keyof ExtensionIds;

export const EXTENSION_URI: Readonly<Record<ExtensionName, string>> = {
  mid: 'urn:ietf:params:rtp-hdrext:sdes:mid',
  rid: 'urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id',
  repairedRid: 'urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id',
  transportCc: 'http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01',
  absSendTime: 'http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time',
  audioLevel: 'urn:ietf:params:rtp-hdrext:ssrc-audio-level',
  playoutDelay: 'http://www.webrtc.org/experiments/rtp-hdrext/playout-delay',
  dependencyDescriptor: 'https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension',
};

const NAME_BY_URI = new Map<string, ExtensionName>(
  (Object.entries(EXTENSION_URI) as [ExtensionName, string][]).map(([name, uri]) => [uri, name]),
);

/**
 * Written into packets to a viewer. No transport-cc: nothing of ours reads its feedback yet.
 */
const DOWNLINK: ReadonlySet<ExtensionName> = new Set<ExtensionName>([
  'mid',
  'absSendTime',
  'audioLevel',
  'playoutDelay',
  'dependencyDescriptor',
]);

export type ExtensionDirection = 'sendrecv' | 'sendonly' | 'recvonly';

/** One `a=extmap` line that we understand. */
export interface Extension {
  readonly name: ExtensionName;
  readonly id: number;
  /** From the view of whoever wrote the line. */
  readonly direction: ExtensionDirection;
}

const EXTMAP = /^(\d{1,3})(?:\/(sendrecv|sendonly|recvonly|inactive))? (\S{1,256})(?: .*)?$/;

/** Reads `a=extmap` values; those we do not understand are left out. */
export function parseExtensions(values: readonly string[], limits: SdpLimits): Extension[] {
  if (values.length > limits.maxExtensions) throw new NegotiationError('too many header extensions');
  const extensions: Extension[] = [];
  const ids = new Set<number>();
  const names = new Set<ExtensionName>();
  for (const value of values) {
    const match = EXTMAP.exec(value);
    if (match === null) throw new NegotiationError('malformed extmap');
    const id = Number(match[1]);
    if (id < 1 || id > 255 || ids.has(id)) throw new NegotiationError('extmap id out of range or used twice');
    ids.add(id);
    const name = NAME_BY_URI.get(match[3]!);
    if (name === undefined || names.has(name) || match[2] === 'inactive') continue;
    names.add(name);
    extensions.push({ name, id, direction: (match[2] as ExtensionDirection | undefined) ?? 'sendrecv' });
  }
  return extensions;
}

const MIRRORED: Readonly<Record<ExtensionDirection, ExtensionDirection>> = {
  sendrecv: 'sendrecv',
  sendonly: 'recvonly',
  recvonly: 'sendonly',
};

/**
 * What we answer to an offered list: all that we understand, on every section. A section that only sends to the viewer
 * keeps the publisher's extensions too, because Chromium offers on later sections only what earlier ones negotiated.
 */
export function mirrorExtensions(offered: readonly Extension[]): Extension[] {
  return offered.map((extension) => ({ ...extension, direction: MIRRORED[extension.direction] }));
}

/** Ids on packets that we receive, from our side of a section. */
export function uplinkIds(ours: readonly Extension[]): ExtensionIds {
  return idsOf(ours.filter((extension) => extension.direction !== 'sendonly'));
}

/** Ids on packets that we send, from our side of a section. Above 14 they need the two-byte form, which we do not write. */
export function downlinkIds(ours: readonly Extension[]): ExtensionIds {
  return idsOf(ours.filter(({ name, direction, id }) => DOWNLINK.has(name) && direction !== 'recvonly' && id <= 14));
}

const offered = (name: ExtensionName, id: number): Extension => ({ name, id, direction: 'sendrecv' });

/** What we offer to viewers (the two-connection form). One id means one extension in all sections of a bundle. */
export const OFFERED_EXTENSIONS: Readonly<Record<MediaKind, readonly Extension[]>> = {
  audio: [offered('audioLevel', 1), offered('absSendTime', 2), offered('mid', 4)],
  video: [
    offered('absSendTime', 2),
    offered('mid', 4),
    offered('playoutDelay', 5),
    offered('dependencyDescriptor', 12),
  ],
};

function idsOf(extensions: readonly Extension[]): ExtensionIds {
  const ids: { -readonly [K in ExtensionName]?: number } = {};
  for (const extension of extensions) ids[extension.name] = extension.id;
  return ids;
}
