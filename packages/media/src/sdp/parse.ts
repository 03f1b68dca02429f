/**
 * A stranger's description as typed values. Every value is matched whole by a narrow pattern; what is not understood is
 * left out, what is malformed where it matters refuses the description. Nothing here changes any state.
 */
import { NegotiationError } from '../connection/types.ts';
import type { MediaKind } from '../forward/types.ts';
import type { DtlsFingerprint, IceParameters } from '../transport/types.ts';
import { type Codec, parseCodecs } from './codecs.ts';
import { type Extension, parseExtensions } from './extensions.ts';
import type { SdpLimits } from './limits.ts';
import { type Attributes, type RawSection, readSdp } from './reader.ts';

export type Direction = 'sendrecv' | 'sendonly' | 'recvonly' | 'inactive';
/** `a=setup` (RFC 8842 §5): who begins the DTLS handshake. */
export type Setup = 'actpass' | 'active' | 'passive';

export interface Ssrc {
  readonly ssrc: number;
  readonly rtxSsrc: number | null;
}

interface SectionBase {
  readonly mid: string;
  /** Port 0 without `bundle-only`: the writer rejects or has stopped the section (RFC 9429 §5.2.2). */
  readonly rejected: boolean;
  readonly protocol: string;
}

export interface MediaSection extends SectionBase {
  readonly kind: MediaKind;
  /** From the writer's view. */
  readonly direction: Direction;
  /** Payload types as listed, all of them. */
  readonly payloadTypes: readonly number[];
  /** Codecs that we forward, in the listed order. */
  readonly codecs: readonly Codec[];
  readonly extensions: readonly Extension[];
  readonly extmapAllowMixed: boolean;
  /** Stream and track id of `a=msid`; empty strings when absent. */
  readonly streamId: string;
  readonly trackId: string;
  /** Simulcast encodings that the writer sends, in the listed order; empty without simulcast. */
  readonly rids: readonly string[];
  readonly ssrcs: readonly Ssrc[];
}

export interface DataSection extends SectionBase {
  readonly kind: 'application';
  readonly sctpPort: number;
  /** 0 = no limit. */
  readonly maxMessageSize: number;
}

export type Section = MediaSection | DataSection;

/** A whole description. Transport values are those of the bundle (RFC 8843 §8): all sections share one transport. */
export interface RemoteDescription {
  readonly ice: IceParameters;
  readonly fingerprints: readonly DtlsFingerprint[];
  readonly setup: Setup;
  readonly sections: readonly Section[];
}

const MEDIA_LINE = /^([a-z]{1,16}) (\d{1,5}) ([A-Z/]{3,24}) (\S.*)$/;
/** The mid travels in a one-byte header extension: at most 16 bytes, a token (RFC 5888 §4). */
const MID = /^[A-Za-z0-9!#$%&'*+.^_`{|}~-]{1,16}$/;
const RID = /^[A-Za-z0-9_-]{1,16}$/;
const ICE_UFRAG = /^[A-Za-z0-9+/]{4,256}$/;
const ICE_PWD = /^[A-Za-z0-9+/]{22,256}$/;
const FINGERPRINT = /^(sha-(?:256|384|512)) ((?:[0-9A-Fa-f]{2}:){31,63}[0-9A-Fa-f]{2})$/i;
const FINGERPRINT_BYTES: Readonly<Record<string, number>> = { 'sha-256': 32, 'sha-384': 48, 'sha-512': 64 };
const MSID = /^(\S{1,256})(?: (\S{1,256}))?$/;
const RTP_PROTOCOLS = new Set(['UDP/TLS/RTP/SAVPF', 'TCP/TLS/RTP/SAVPF', 'RTP/SAVPF']);
const SCTP_PROTOCOLS = new Set(['UDP/DTLS/SCTP', 'TCP/DTLS/SCTP']);
const DIRECTIONS: readonly Direction[] = ['sendrecv', 'sendonly', 'recvonly', 'inactive'];

/**
 * Reads an offer or an answer.
 *
 * @throws {NegotiationError} when it is hostile, above a limit, or lacks what we need: BUNDLE over all sections,
 * rtcp-mux, ICE credentials and a fingerprint.
 */
export function parseDescription(text: string, limits: SdpLimits): RemoteDescription {
  const raw = readSdp(text, limits);
  if (raw.sections.length === 0) throw new NegotiationError('description has no section');
  const sections = raw.sections.map((section) => parseSection(section, limits));
  const mids = new Set(sections.map((section) => section.mid));
  if (mids.size !== sections.length) throw new NegotiationError('two sections have one mid');
  if (sections.filter((section) => section.kind === 'application').length > 1) {
    throw new NegotiationError('more than one data section');
  }
  const tag = bundleTag(raw.session, sections);
  const transport = raw.sections[tag]?.attributes ?? raw.sections[0]!.attributes;
  return {
    ice: parseIce(transport, raw.session),
    fingerprints: parseFingerprints(transport, raw.session),
    setup: parseSetup(transport, raw.session),
    sections,
  };
}

/** Index of the section whose transport values hold for all. */
function bundleTag(session: Attributes, sections: readonly Section[]): number {
  const group = (session.get('group') ?? []).find((value) => value.startsWith('BUNDLE'));
  const bundled = new Set((group ?? '').split(' ').slice(1));
  for (const section of sections) {
    if (!section.rejected && !bundled.has(section.mid)) throw new NegotiationError('a section is not bundled');
  }
  return sections.findIndex((section) => !section.rejected);
}

function one(attributes: Attributes, session: Attributes, name: string): string {
  return attributes.get(name)?.[0] ?? session.get(name)?.[0] ?? '';
}

function parseIce(attributes: Attributes, session: Attributes): IceParameters {
  const usernameFragment = one(attributes, session, 'ice-ufrag');
  const password = one(attributes, session, 'ice-pwd');
  if (!ICE_UFRAG.test(usernameFragment) || !ICE_PWD.test(password)) {
    throw new NegotiationError('ICE credentials are missing or malformed');
  }
  return { usernameFragment, password };
}

function parseFingerprints(attributes: Attributes, session: Attributes): DtlsFingerprint[] {
  const values = attributes.get('fingerprint') ?? session.get('fingerprint') ?? [];
  if (values.length > 8) throw new NegotiationError('too many fingerprints');
  const fingerprints: DtlsFingerprint[] = [];
  for (const value of values) {
    const match = FINGERPRINT.exec(value);
    if (match === null) continue;
    const algorithm = match[1]!.toLowerCase();
    if ((match[2]!.length + 1) / 3 !== FINGERPRINT_BYTES[algorithm]) continue;
    fingerprints.push({ algorithm, value: match[2]!.toUpperCase() });
  }
  if (fingerprints.length === 0) throw new NegotiationError('no usable fingerprint');
  return fingerprints;
}

function parseSetup(attributes: Attributes, session: Attributes): Setup {
  const setup = one(attributes, session, 'setup');
  if (setup === 'actpass' || setup === 'active' || setup === 'passive') return setup;
  throw new NegotiationError('no usable a=setup');
}

function parseSection(raw: RawSection, limits: SdpLimits): Section {
  const line = MEDIA_LINE.exec(raw.media);
  if (line === null) throw new NegotiationError('malformed m= line');
  const { attributes } = raw;
  const [, kind, port, protocol, formats] = line as unknown as [string, string, string, string, string];
  const mid = attributes.get('mid')?.[0] ?? '';
  if (!MID.test(mid)) throw new NegotiationError('mid is missing or malformed');
  const rejected = Number(port) === 0 && !attributes.has('bundle-only');
  const base = { mid, rejected, protocol };
  if (kind === 'application') {
    if (!SCTP_PROTOCOLS.has(protocol) || formats !== 'webrtc-datachannel') {
      throw new NegotiationError('data section of an unknown kind');
    }
    return { ...base, kind, ...parseSctp(attributes) };
  }
  if (kind !== 'audio' && kind !== 'video') throw new NegotiationError('section of an unknown kind');
  if (!RTP_PROTOCOLS.has(protocol)) throw new NegotiationError('media section without DTLS-SRTP');
  const payloadTypes = parsePayloadTypes(formats, limits);
  // A stopped section's other lines are whatever is left over (RFC 9429 §5.2.2 asks for none).
  if (rejected) return { ...stopped(base, kind), payloadTypes };
  if (!attributes.has('rtcp-mux')) throw new NegotiationError('rtcp-mux is required');
  return {
    ...base,
    kind,
    direction: DIRECTIONS.find((direction) => attributes.has(direction)) ?? 'sendrecv',
    payloadTypes,
    codecs: parseCodecs(kind, payloadTypes, attributes),
    extensions: parseExtensions(attributes.get('extmap') ?? [], limits),
    extmapAllowMixed: attributes.has('extmap-allow-mixed'),
    ...parseMsid(attributes),
    rids: parseSimulcast(attributes, limits),
    ssrcs: parseSsrcs(attributes, limits),
  };
}

function stopped(base: SectionBase, kind: MediaKind): MediaSection {
  return {
    ...base,
    kind,
    direction: 'inactive',
    payloadTypes: [],
    codecs: [],
    extensions: [],
    extmapAllowMixed: false,
    streamId: '',
    trackId: '',
    rids: [],
    ssrcs: [],
  };
}

function parsePayloadTypes(formats: string, limits: SdpLimits): number[] {
  const payloadTypes = formats.split(' ').map((format) => (/^\d{1,3}$/.test(format) ? Number(format) : -1));
  if (payloadTypes.length > limits.maxPayloadTypes) throw new NegotiationError('too many payload types');
  if (payloadTypes.some((payloadType) => payloadType < 0 || payloadType > 127)) {
    throw new NegotiationError('malformed payload type');
  }
  return [...new Set(payloadTypes)];
}

function parseSctp(attributes: Attributes): { sctpPort: number; maxMessageSize: number } {
  const port = attributes.get('sctp-port')?.[0] ?? '5000';
  const size = attributes.get('max-message-size')?.[0] ?? '65536';
  const sctpPort = /^\d{1,5}$/.test(port) ? Number(port) : 0;
  const maxMessageSize = /^\d{1,16}$/.test(size) ? Number(size) : -1;
  if (sctpPort < 1 || sctpPort > 65_535 || maxMessageSize < 0) throw new NegotiationError('malformed data section');
  return { sctpPort, maxMessageSize };
}

function parseMsid(attributes: Attributes): { streamId: string; trackId: string } {
  const match = MSID.exec(attributes.get('msid')?.[0] ?? '');
  return match === null ? { streamId: '', trackId: '' } : { streamId: match[1]!, trackId: match[2] ?? '' };
}

/** `a=simulcast:send q;h;f` (RFC 8853 §5): the first alternative of each; a leading `~` means paused at first. */
function parseSimulcast(attributes: Attributes, limits: SdpLimits): string[] {
  const words = (attributes.get('simulcast')?.[0] ?? '').split(' ');
  const at = words.indexOf('send');
  const list = at < 0 ? undefined : words[at + 1];
  if (list === undefined) return [];
  const rids = list.split(';').map((alternatives) => (alternatives.split(',', 1)[0] ?? '').replace(/^~/, ''));
  if (rids.length > limits.maxRids) throw new NegotiationError('too many simulcast encodings');
  if (rids.some((rid) => !RID.test(rid)) || new Set(rids).size !== rids.length) {
    throw new NegotiationError('malformed simulcast encodings');
  }
  const declared = new Set((attributes.get('rid') ?? []).map((value) => value.split(' ', 1)[0]));
  if (rids.some((rid) => !declared.has(rid))) throw new NegotiationError('simulcast encoding without a=rid');
  return rids;
}

/** SSRCs with their retransmission partners (RFC 5576, `ssrc-group:FID`), in the order of a `SIM` group if there is one. */
function parseSsrcs(attributes: Attributes, limits: SdpLimits): Ssrc[] {
  const order: number[] = [];
  const known = new Set<number>();
  const partner = new Map<number, number>();
  const partners = new Set<number>();
  for (const value of attributes.get('ssrc') ?? []) {
    const match = /^(\d{1,10})(?: |$)/.exec(value);
    const ssrc = match === null ? -1 : Number(match[1]);
    if (ssrc < 0 || ssrc > 0xffff_ffff) throw new NegotiationError('malformed ssrc');
    known.add(ssrc);
    if (known.size > limits.maxSsrcs) throw new NegotiationError('too many SSRCs');
  }
  const groups = attributes.get('ssrc-group') ?? [];
  if (groups.length > limits.maxSsrcs) throw new NegotiationError('too many SSRC groups');
  for (const value of groups) {
    const [semantics, ...words] = value.split(' ', limits.maxSsrcs + 1);
    const ssrcs = words.filter((word) => /^\d{1,10}$/.test(word)).map(Number);
    if (semantics === 'FID' && ssrcs.length === 2 && ssrcs[0] !== ssrcs[1]) {
      partner.set(ssrcs[0]!, ssrcs[1]!);
      partners.add(ssrcs[1]!);
    } else if (semantics === 'SIM') {
      order.push(...ssrcs);
    }
  }
  const primaries = [...new Set([...order, ...known])].filter((ssrc) => known.has(ssrc) && !partners.has(ssrc));
  return primaries.map((ssrc) => ({ ssrc, rtxSsrc: partner.get(ssrc) ?? null }));
}
