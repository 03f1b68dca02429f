/**
 * Codecs of a section: read from `rtpmap`, `fmtp` and `rtcp-fb` into typed values (so that nothing of a stranger's text
 * is ever written back), chosen by policy, and matched between a publisher and a viewer.
 */
import { NegotiationError, type OpusPreferences } from '../connection/types.ts';
import type { CodecBinding, MediaKind } from '../forward/types.ts';
import type { Attributes } from './reader.ts';

/** One codec that we forward, as negotiated on a section. */
export interface Codec extends CodecBinding {
  /** Name as written in `rtpmap`. */
  readonly name: string;
  readonly fir: boolean;
  readonly transportCc: boolean;
  /** Two codecs with one key carry the same bitstream: mime type, profile and packetization. */
  readonly key: string;
}

interface CodecKind {
  readonly name: string;
  readonly kind: MediaKind;
  readonly clockRate: number;
  readonly channels?: number;
  /** Format parameters that we keep, in the order we write them. All values are numbers or hexadecimal. */
  readonly parameters: readonly string[];
}

const CODEC_KINDS: Readonly<Record<string, CodecKind>> = {
  opus: {
    name: 'opus',
    kind: 'audio',
    clockRate: 48_000,
    channels: 2,
    parameters: [
      'minptime',
      'maxplaybackrate',
      'maxaveragebitrate',
      'stereo',
      'sprop-stereo',
      'useinbandfec',
      'usedtx',
    ],
  },
  vp8: { name: 'VP8', kind: 'video', clockRate: 90_000, parameters: ['max-fs', 'max-fr'] },
  vp9: { name: 'VP9', kind: 'video', clockRate: 90_000, parameters: ['profile-id', 'max-fs', 'max-fr'] },
  h264: {
    name: 'H264',
    kind: 'video',
    clockRate: 90_000,
    parameters: ['level-asymmetry-allowed', 'packetization-mode', 'profile-level-id'],
  },
  av1: { name: 'AV1', kind: 'video', clockRate: 90_000, parameters: ['level-idx', 'profile', 'tier'] },
  h265: {
    name: 'H265',
    kind: 'video',
    clockRate: 90_000,
    parameters: ['level-id', 'profile-id', 'tier-flag', 'tx-mode'],
  },
};

const RTPMAP = /^(\d{1,3}) ([A-Za-z0-9._-]{1,32})\/(\d{1,6})(?:\/(\d{1,2}))?$/;
const FMTP = /^(\d{1,3}) (.*)$/;
const FEEDBACK = /^(\d{1,3}|\*) ([A-Za-z0-9-]{1,32})(?: ([A-Za-z0-9-]{1,32}))?(?: .*)?$/;
const PARAMETER_VALUE = /^[0-9A-Fa-f]{1,8}$/;

type Parameters = ReadonlyMap<string, string>;

/**
 * Reads the codecs of a section that we forward, in the order of the `m=` line. Others (RED, FEC, telephone events,
 * comfort noise, H.264 that is not packetization mode 1) are left out.
 */
export function parseCodecs(kind: MediaKind, payloadTypes: readonly number[], attributes: Attributes): Codec[] {
  const maps = new Map<number, CodecKind | 'rtx'>();
  for (const value of attributes.get('rtpmap') ?? []) {
    const match = RTPMAP.exec(value);
    if (match === null) throw new NegotiationError('malformed rtpmap');
    const codec = codecKind(kind, match[2]!.toLowerCase(), Number(match[3]), match[4]);
    const payloadType = Number(match[1]);
    if (maps.has(payloadType)) throw new NegotiationError('payload type mapped twice');
    if (codec !== null) maps.set(payloadType, codec);
  }
  const parameters = parseParameters(attributes);
  const feedback = parseFeedback(attributes);
  const retransmission = new Map<number, number>();
  for (const payloadType of payloadTypes) {
    if (maps.get(payloadType) !== 'rtx') continue;
    const apt = Number(parameters.get(payloadType)?.get('apt') ?? Number.NaN);
    if (!retransmission.has(apt)) retransmission.set(apt, payloadType);
  }
  const codecs: Codec[] = [];
  for (const payloadType of payloadTypes) {
    const codec = maps.get(payloadType);
    if (codec === undefined || codec === 'rtx') continue;
    const given = parameters.get(payloadType) ?? new Map<string, string>();
    const built = makeCodec(codec, payloadType, retransmission.get(payloadType) ?? null, given);
    if (built === null) continue;
    const has = (name: string) => feedback.get(payloadType)?.has(name) === true || feedback.get(-1)?.has(name) === true;
    codecs.push({
      ...built,
      nack: has('nack'),
      pli: has('nack pli'),
      fir: has('ccm fir'),
      transportCc: has('transport-cc'),
    });
  }
  return codecs;
}

function codecKind(
  kind: MediaKind,
  name: string,
  rate: number,
  channels: string | undefined,
): CodecKind | 'rtx' | null {
  if (name === 'rtx') return kind === 'video' ? 'rtx' : null;
  const codec = Object.hasOwn(CODEC_KINDS, name) ? CODEC_KINDS[name]! : null;
  if (codec === null || codec.kind !== kind || codec.clockRate !== rate) return null;
  return codec.channels === undefined || codec.channels === Number(channels) ? codec : null;
}

function parseParameters(attributes: Attributes): Map<number, Parameters> {
  const all = new Map<number, Parameters>();
  for (const value of attributes.get('fmtp') ?? []) {
    const match = FMTP.exec(value);
    if (match === null) throw new NegotiationError('malformed fmtp');
    const parameters = new Map<string, string>();
    for (const part of match[2]!.split(';')) {
      const equals = part.indexOf('=');
      if (equals > 0) parameters.set(part.slice(0, equals).trim().toLowerCase(), part.slice(equals + 1).trim());
    }
    all.set(Number(match[1]), parameters);
  }
  return all;
}

/** Payload type (−1 for `*`) → kinds of feedback. */
function parseFeedback(attributes: Attributes): Map<number, Set<string>> {
  const all = new Map<number, Set<string>>();
  for (const value of attributes.get('rtcp-fb') ?? []) {
    const match = FEEDBACK.exec(value);
    if (match === null) throw new NegotiationError('malformed rtcp-fb');
    const payloadType = match[1] === '*' ? -1 : Number(match[1]);
    const names = all.get(payloadType) ?? new Set();
    names.add(match[3] === undefined ? match[2]! : `${match[2]} ${match[3]}`);
    all.set(payloadType, names);
  }
  return all;
}

/** Builds a codec without feedback; null when it is a variant that we do not forward. */
function makeCodec(kind: CodecKind, payloadType: number, rtx: number | null, given: Parameters): Codec | null {
  const kept: string[] = [];
  for (const name of kind.parameters) {
    const value = given.get(name);
    if (value !== undefined && PARAMETER_VALUE.test(value)) kept.push(`${name}=${value}`);
  }
  const key = codecKey(kind, given);
  if (key === null) return null;
  return {
    name: kind.name,
    payloadType,
    mimeType: `${kind.kind}/${kind.name.toLowerCase()}`,
    clockRate: kind.clockRate,
    ...(kind.channels === undefined ? {} : { channels: kind.channels }),
    fmtp: kept.join(';'),
    rtxPayloadType: rtx,
    nack: false,
    pli: false,
    fir: false,
    transportCc: false,
    key,
  };
}

function codecKey(kind: CodecKind, given: Parameters): string | null {
  switch (kind.name) {
    case 'VP9':
      return `vp9/${given.get('profile-id') ?? '0'}`;
    case 'AV1':
      return `av1/${given.get('profile') ?? '0'}`;
    case 'H265':
      return `h265/${given.get('profile-id') ?? '1'}`;
    case 'H264': {
      // Mode 0 cannot carry what mode-1 senders produce (RFC 6184 §8.1), and every browser offers mode 1.
      if (given.get('packetization-mode') !== '1') return null;
      const profile = h264Profile(given.get('profile-level-id') ?? '42000a');
      return profile === null ? null : `h264/${profile}`;
    }
    default:
      return kind.name.toLowerCase();
  }
}

type H264Profile = 'constrained-baseline' | 'baseline' | 'main' | 'constrained-high' | 'high' | 'high444';

/** Profile named by a `profile-level-id` (RFC 6184 §8.1, table 5); null for one that is malformed or not forwarded. */
export function h264Profile(profileLevelId: string): H264Profile | null {
  if (!/^[0-9a-fA-F]{6}$/.test(profileLevelId)) return null;
  const idc = Number.parseInt(profileLevelId.slice(0, 2), 16);
  const constraints = Number.parseInt(profileLevelId.slice(2, 4), 16);
  switch (idc) {
    case 0x42:
      return (constraints & 0x40) !== 0 ? 'constrained-baseline' : 'baseline';
    case 0x4d:
      return (constraints & 0x80) !== 0 ? 'constrained-baseline' : 'main';
    case 0x58:
      return (constraints & 0xc0) === 0xc0 ? 'constrained-baseline' : null;
    case 0x64:
      return constraints === 0x0c ? 'constrained-high' : 'high';
    case 0xf4:
      return 'high444';
    default:
      return null;
  }
}

/**
 * Keys of viewers' codecs that decode a bitstream of another key. Baseline counts as constrained baseline, since no
 * encoder in WebRTC uses the tools that the latter forbids.
 */
const DECODES: Readonly<Record<string, readonly string[]>> = {
  'h264/constrained-baseline': ['h264/baseline', 'h264/main', 'h264/constrained-high', 'h264/high'],
  'h264/baseline': ['h264/constrained-baseline', 'h264/main', 'h264/constrained-high', 'h264/high'],
  'h264/main': ['h264/high'],
  'h264/constrained-high': ['h264/high'],
};

/** The viewer's codec that can carry a publisher's, exact profile first; undefined when it has none. */
function decoderOf(publisher: Codec, viewer: readonly Codec[]): Codec | undefined {
  const exact = viewer.find((codec) => codec.key === publisher.key);
  if (exact !== undefined) return exact;
  for (const key of DECODES[publisher.key] ?? []) {
    const found = viewer.find((codec) => codec.key === key);
    if (found !== undefined) return found;
  }
  return undefined;
}

/**
 * Bindings for a downlink: one for each of the publisher's codecs that the viewer decodes, with the viewer's payload
 * types and the publisher's `fmtp`, so that the forwarder finds the pair by equal mime type and `fmtp`.
 */
export function matchCodecs(publisher: readonly Codec[], viewer: readonly Codec[]): CodecBinding[] {
  const bindings: CodecBinding[] = [];
  for (const codec of publisher) {
    const decoder = decoderOf(codec, viewer);
    if (decoder !== undefined) bindings.push({ ...binding(decoder), fmtp: codec.fmtp });
  }
  return bindings;
}

/** A codec without what only SDP needs. */
export function binding(codec: Codec): CodecBinding {
  const { payloadType, mimeType, clockRate, channels, fmtp, rtxPayloadType, nack, pli } = codec;
  const common = { payloadType, mimeType, clockRate, fmtp, rtxPayloadType, nack, pli };
  return channels === undefined ? common : { ...common, channels };
}

/**
 * What a publisher may send, best first: what the publisher asked for, where it is allowed, then the policy's order when
 * it names codecs of this kind, else the offer's. Before all of them goes what everybody in the room can take (`first`).
 * Constrained baseline goes before the other profiles of H.264, since it is what every viewer and phone decodes.
 */
export function orderForPublisher(
  kind: MediaKind,
  offered: readonly Codec[],
  policy: readonly string[],
  wanted = '',
  first: readonly string[] = [],
): Codec[] {
  const publish = policy.filter((mimeType) => mimeType.startsWith(`${kind}/`));
  const allowed = publish.length === 0 ? [...offered] : offered.filter((codec) => publish.includes(codec.mimeType));
  const rank = (codec: Codec) => {
    const preferred = first.indexOf(codec.mimeType);
    if (preferred !== -1) return preferred - first.length - 1;
    if (codec.mimeType === wanted) return -1;
    return publish.length > 0
      ? publish.indexOf(codec.mimeType)
      : allowed.findIndex((other) => other.mimeType === codec.mimeType);
  };
  const profile = (codec: Codec) => (codec.key === 'h264/constrained-baseline' ? 0 : 1);
  // Ranks are read before the sort changes the array; sorting is stable, so the offer's order stays within one rank.
  return allowed
    .map((codec) => ({ codec, rank: rank(codec), profile: profile(codec) }))
    .sort((a, b) => a.rank - b.rank || a.profile - b.profile)
    .map(({ codec }) => codec);
}

/** Opus with `stereo` and `usedtx` as wanted (RFC 7587 §7: the receiver's wish to the sender). */
export function withOpusPreferences(codec: Codec, wanted: OpusPreferences): Codec {
  if (codec.mimeType !== 'audio/opus') return codec;
  const parts = codec.fmtp.split(';').filter((part) => part !== '' && !/^(stereo|usedtx)=/.test(part));
  if (wanted.stereo) parts.push('stereo=1');
  if (wanted.dtx) parts.push('usedtx=1');
  return { ...codec, fmtp: parts.join(';') };
}

/** What we offer to viewers (the two-connection form), with payload types as Chromium numbers them. */
export function offeredCodecs(kind: MediaKind): readonly Codec[] {
  return kind === 'audio' ? OFFERED_AUDIO : OFFERED_VIDEO;
}

function offer(name: string, payloadType: number, rtx: number | null, parameters: Record<string, string>): Codec {
  const codec = makeCodec(CODEC_KINDS[name]!, payloadType, rtx, new Map(Object.entries(parameters)));
  if (codec === null) throw new Error(`cannot offer ${name}`);
  const video = codec.mimeType.startsWith('video/');
  return { ...codec, nack: video, pli: video, fir: video };
}

const h264 = (id: string) => ({
  'level-asymmetry-allowed': '1',
  'packetization-mode': '1',
  'profile-level-id': id,
});

const OFFERED_AUDIO: readonly Codec[] = [offer('opus', 111, null, { minptime: '10', useinbandfec: '1' })];

const OFFERED_VIDEO: readonly Codec[] = [
  offer('vp8', 96, 97, {}),
  offer('h264', 108, 109, h264('42e01f')),
  offer('h264', 102, 103, h264('42001f')),
  offer('h264', 116, 117, h264('4d001f')),
  offer('h264', 114, 115, h264('640c1f')),
  offer('h264', 112, 113, h264('64001f')),
  offer('vp9', 98, 99, { 'profile-id': '0' }),
  offer('vp9', 100, 101, { 'profile-id': '2' }),
  offer('av1', 45, 46, {}),
  offer('h265', 49, 50, {}),
];
