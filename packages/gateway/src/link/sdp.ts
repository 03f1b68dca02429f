/** Offers of the link, written from typed values, and the parts of an answer that it needs. */
import { EXTENSION, EXTENSION_URI, type OfferedCodec, RECEIVE_CODECS, SEND_CODECS } from './payload-types.ts';

/** A stream that a section sends. */
export interface SentStream {
  /** The client's id of the track: the server finds its request by it. */
  readonly cid: string;
  readonly cname: string;
  readonly ssrc: number;
  readonly rtxSsrc: number | null;
}

export type OfferSection =
  | { readonly kind: 'application'; readonly mid: string }
  | {
      readonly kind: 'audio' | 'video';
      readonly mid: string;
      readonly role: 'send';
      /** null = nothing is sent on it at present: the section is switched off, and may be used anew. */
      readonly stream: SentStream | null;
    }
  | { readonly kind: 'audio' | 'video'; readonly mid: string; readonly role: 'receive' };

export interface OfferDescription {
  readonly sessionId: string;
  readonly version: number;
  readonly usernameFragment: string;
  readonly password: string;
  readonly fingerprint: { readonly algorithm: string; readonly value: string };
  /** `candidate:…` lines without `a=`. */
  readonly candidates: readonly string[];
  readonly sections: readonly OfferSection[];
}

export function writeOffer(offer: OfferDescription): string {
  // A section that is switched off belongs to no bundle (RFC 9143 §7.5.3).
  const bundled = offer.sections.filter((section) => !isOff(section)).map((section) => section.mid);
  const lines = [
    'v=0',
    `o=- ${offer.sessionId} ${offer.version} IN IP4 127.0.0.1`,
    's=-',
    't=0 0',
    `a=group:BUNDLE ${bundled.join(' ')}`,
    'a=extmap-allow-mixed',
    'a=msid-semantic: WMS *',
  ];
  for (const section of offer.sections) writeSection(lines, section, offer);
  return `${lines.join('\r\n')}\r\n`;
}

function isOff(section: OfferSection): boolean {
  return section.kind !== 'application' && section.role === 'send' && section.stream === null;
}

function writeSection(lines: string[], section: OfferSection, offer: OfferDescription): void {
  const data = section.kind === 'application';
  const codecs = data ? [] : (section.role === 'send' ? SEND_CODECS : RECEIVE_CODECS)[section.kind];
  const formats = codecs.flatMap(({ payloadType, rtx }) => (rtx === null ? [payloadType] : [payloadType, rtx]));
  const media = data ? 'UDP/DTLS/SCTP webrtc-datachannel' : `UDP/TLS/RTP/SAVPF ${formats.join(' ')}`;
  lines.push(
    `m=${section.kind} ${isOff(section) ? 0 : 9} ${media}`,
    'c=IN IP4 0.0.0.0',
    `a=ice-ufrag:${offer.usernameFragment}`,
    `a=ice-pwd:${offer.password}`,
    `a=fingerprint:${offer.fingerprint.algorithm} ${offer.fingerprint.value}`,
    // We are the DTLS server: it picks the SRTP profile, and werift's client waits 100 ms before it begins.
    'a=setup:passive',
    `a=mid:${section.mid}`,
  );
  for (const candidate of offer.candidates) lines.push(`a=${candidate}`);
  if (section.kind === 'application') {
    lines.push('a=sctp-port:5000', 'a=max-message-size:65536');
    return;
  }
  lines.push(`a=extmap:${EXTENSION.mid} ${EXTENSION_URI.mid}`);
  const send = section.role === 'send';
  if (send) {
    lines.push(`a=extmap:${EXTENSION.absSendTime} ${EXTENSION_URI.absSendTime}`);
    lines.push(`a=extmap:${EXTENSION.transportCc} ${EXTENSION_URI.transportCc}`);
    if (section.kind === 'audio') lines.push(`a=extmap:${EXTENSION.audioLevel} ${EXTENSION_URI.audioLevel}`);
  }
  const stream = send ? section.stream : null;
  // Not `inactive` when it is off, which port 0 says already (RFC 3264 §8.2): pion stops a receiver for good that is told
  // so twice, and livekit-server never hears the next video of that section.
  lines.push(send ? 'a=sendonly' : 'a=recvonly');
  if (stream !== null) lines.push(`a=msid:${stream.cid} ${stream.cid}`);
  lines.push('a=rtcp-mux', 'a=rtcp-rsize');
  for (const codec of codecs) writeCodec(lines, codec, send);
  if (stream === null) return;
  const ssrcs = stream.rtxSsrc === null ? [stream.ssrc] : [stream.ssrc, stream.rtxSsrc];
  if (stream.rtxSsrc !== null) lines.push(`a=ssrc-group:FID ${stream.ssrc} ${stream.rtxSsrc}`);
  for (const ssrc of ssrcs) {
    lines.push(`a=ssrc:${ssrc} cname:${stream.cname}`, `a=ssrc:${ssrc} msid:${stream.cid} ${stream.cid}`);
  }
}

function writeCodec(lines: string[], codec: OfferedCodec, send: boolean): void {
  const { payloadType, name, clockRate, channels, fmtp, rtx } = codec;
  lines.push(`a=rtpmap:${payloadType} ${name}/${clockRate}${channels === null ? '' : `/${channels}`}`);
  if (fmtp !== '') lines.push(`a=fmtp:${payloadType} ${fmtp}`);
  if (send) lines.push(`a=rtcp-fb:${payloadType} transport-cc`);
  if (rtx === null) return;
  lines.push(
    `a=rtcp-fb:${payloadType} ccm fir`,
    `a=rtcp-fb:${payloadType} nack`,
    `a=rtcp-fb:${payloadType} nack pli`,
    `a=rtpmap:${rtx} rtx/${clockRate}`,
    `a=fmtp:${rtx} apt=${payloadType}`,
  );
}

export interface AnswerSection {
  readonly kind: 'audio' | 'video' | 'application';
  readonly mid: string;
  readonly rejected: boolean;
  readonly direction: 'sendrecv' | 'sendonly' | 'recvonly' | 'inactive';
  readonly payloadTypes: readonly number[];
  /** URI → id, as the server accepted them. */
  readonly extensions: ReadonlyMap<string, number>;
  /** Of the stream that the server sends, when it names one; the retransmission's is 0 when there is none. */
  readonly ssrc: number;
  readonly rtxSsrc: number;
  /** Track id of its `msid`, empty when it has none. */
  readonly trackId: string;
}

export interface AnswerDescription {
  readonly iceLite: boolean;
  readonly usernameFragment: string;
  readonly password: string;
  readonly fingerprints: readonly { readonly algorithm: string; readonly value: string }[];
  /** The server's DTLS role. */
  readonly setup: 'active' | 'passive';
  /** Without `candidate:`. */
  readonly candidates: readonly string[];
  readonly sctpPort: number;
  readonly sections: readonly AnswerSection[];
}

const MAX_SDP_CHARACTERS = 1_000_000;

/** @throws {Error} when it is no answer that can be used. */
export function parseAnswer(sdp: string): AnswerDescription {
  if (sdp.length > MAX_SDP_CHARACTERS) throw new Error('the answer is too long');
  const parts = sdp.split(/\r?\n(?=m=)/);
  const head = parts[0]?.split(/\r?\n/) ?? [];
  const bodies = parts.slice(1).map((part) => part.split(/\r?\n/));
  const all = [head, ...bodies].flat();
  const usernameFragment = attribute(all, 'ice-ufrag');
  const password = attribute(all, 'ice-pwd');
  const setup = attribute(all, 'setup');
  const fingerprints = [...new Set(attributes(all, 'fingerprint'))].map((text) => {
    const [algorithm = '', value = ''] = text.split(' ');
    return { algorithm: algorithm.toLowerCase(), value };
  });
  if (usernameFragment === null || password === null || fingerprints.length === 0 || bodies.length === 0) {
    throw new Error('the answer lacks ICE credentials, a fingerprint or sections');
  }
  return {
    iceLite: head.includes('a=ice-lite'),
    usernameFragment,
    password,
    fingerprints,
    setup: setup === 'passive' ? 'passive' : 'active',
    candidates: [...new Set(attributes(all, 'candidate'))],
    sctpPort: Number(attribute(all, 'sctp-port') ?? 5_000),
    sections: bodies.map(parseSection),
  };
}

function parseSection(lines: readonly string[]): AnswerSection {
  const [kind = '', port = '0', , ...formats] = (lines[0] ?? '').slice(2).split(' ');
  if (kind !== 'audio' && kind !== 'video' && kind !== 'application') throw new Error('a section of an unknown kind');
  const group = attribute(lines, 'ssrc-group')?.split(' ');
  const paired = group?.[0] === 'FID' ? group.slice(1).map(Number) : [];
  const single = Number(attribute(lines, 'ssrc')?.split(' ')[0] ?? 0);
  const extensions = new Map<string, number>();
  for (const text of attributes(lines, 'extmap')) {
    const [id = '', uri = ''] = text.split(' ');
    extensions.set(uri, Number.parseInt(id, 10));
  }
  return {
    kind,
    mid: attribute(lines, 'mid') ?? '',
    rejected: port === '0',
    direction: directionOf(lines),
    payloadTypes: kind === 'application' ? [] : formats.map(Number),
    extensions,
    ssrc: paired[0] ?? single,
    rtxSsrc: paired[1] ?? 0,
    trackId: attribute(lines, 'msid')?.split(' ')[1] ?? '',
  };
}

function directionOf(lines: readonly string[]): AnswerSection['direction'] {
  for (const direction of ['sendonly', 'recvonly', 'inactive'] as const) {
    if (lines.includes(`a=${direction}`)) return direction;
  }
  return 'sendrecv';
}

function attribute(lines: readonly string[], name: string): string | null {
  const prefix = `a=${name}:`;
  const line = lines.find((candidate) => candidate.startsWith(prefix));
  return line === undefined ? null : line.slice(prefix.length);
}

function attributes(lines: readonly string[], name: string): string[] {
  const prefix = `a=${name}:`;
  return lines.filter((line) => line.startsWith(prefix)).map((line) => line.slice(prefix.length));
}
