/** Descriptions of ours as text, from typed values only. */
import type { DtlsFingerprint, IceParameters, TransportCandidate } from '../transport/types.ts';
import type { Codec } from './codecs.ts';
import { EXTENSION_URI, type Extension } from './extensions.ts';
import type { Direction, Setup } from './parse.ts';

/** One outgoing stream as announced on a section. */
export interface AnnouncedTrack {
  readonly streamId: string;
  readonly trackId: string;
  readonly cname: string;
  readonly ssrc: number;
  readonly rtxSsrc: number | null;
}

export type LocalSection =
  | {
      readonly kind: 'audio' | 'video';
      readonly mid: string;
      readonly protocol: string;
      readonly direction: Direction;
      readonly codecs: readonly Codec[];
      readonly extensions: readonly Extension[];
      readonly extmapAllowMixed: boolean;
      /** Simulcast encodings that we receive, as offered. */
      readonly rids: readonly string[];
      readonly track: AnnouncedTrack | null;
      /** Feedback kinds that we write for each codec. */
      readonly feedback: 'uplink' | 'downlink';
    }
  | {
      readonly kind: 'application';
      readonly mid: string;
      readonly protocol: string;
      readonly sctpPort: number;
      readonly maxMessageSize: number;
    }
  | {
      /** Port 0: the section is stopped. `payloadTypes` keep the line well-formed. */
      readonly kind: 'rejected';
      readonly media: 'audio' | 'video' | 'application';
      readonly mid: string;
      readonly protocol: string;
      readonly payloadTypes: readonly number[];
    };

export interface LocalDescription {
  readonly sessionId: string;
  /** Rises with every description. */
  readonly version: number;
  readonly ice: IceParameters;
  readonly fingerprint: DtlsFingerprint;
  readonly setup: Setup;
  readonly candidates: readonly TransportCandidate[];
  readonly sections: readonly LocalSection[];
}

/** Writes a description: ICE-lite, one bundle, every section in order. */
export function writeDescription(description: LocalDescription): string {
  const { sections } = description;
  const bundled = sections.filter((section) => section.kind !== 'rejected').map((section) => section.mid);
  const lines = [
    'v=0',
    `o=- ${description.sessionId} ${description.version} IN IP4 127.0.0.1`,
    's=-',
    't=0 0',
    'a=ice-lite',
    `a=group:BUNDLE${bundled.map((mid) => ` ${mid}`).join('')}`,
    'a=msid-semantic: WMS *',
  ];
  let first = true;
  for (const section of sections) {
    writeSection(lines, section, description, first);
    if (section.kind !== 'rejected') first = false;
  }
  return `${lines.join('\r\n')}\r\n`;
}

function writeSection(lines: string[], section: LocalSection, description: LocalDescription, first: boolean): void {
  if (section.kind === 'rejected') {
    const formats = section.media === 'application' ? 'webrtc-datachannel' : section.payloadTypes.join(' ');
    lines.push(`m=${section.media} 0 ${section.protocol} ${formats}`, 'c=IN IP4 0.0.0.0', `a=mid:${section.mid}`);
    if (section.media !== 'application') lines.push('a=inactive');
    return;
  }
  const formats = section.kind === 'application' ? 'webrtc-datachannel' : payloadTypes(section.codecs).join(' ');
  lines.push(`m=${section.kind} 9 ${section.protocol} ${formats}`, 'c=IN IP4 0.0.0.0');
  lines.push(
    `a=ice-ufrag:${description.ice.usernameFragment}`,
    `a=ice-pwd:${description.ice.password}`,
    `a=fingerprint:${description.fingerprint.algorithm} ${description.fingerprint.value}`,
    `a=setup:${description.setup}`,
    `a=mid:${section.mid}`,
  );
  // Only the bundle's first section may carry candidates in an answer (RFC 8843 §7.3.2); they serve all.
  if (first) {
    for (const candidate of description.candidates) lines.push(candidateLine(candidate));
    lines.push('a=end-of-candidates');
  }
  if (section.kind === 'application') {
    lines.push(`a=sctp-port:${section.sctpPort}`, `a=max-message-size:${section.maxMessageSize}`);
    return;
  }
  if (section.extmapAllowMixed) lines.push('a=extmap-allow-mixed');
  for (const { id, name, direction } of section.extensions) {
    lines.push(`a=extmap:${id}${direction === 'sendrecv' ? '' : `/${direction}`} ${EXTENSION_URI[name]}`);
  }
  lines.push(`a=${section.direction}`);
  const { track } = section;
  if (track !== null) lines.push(`a=msid:${track.streamId} ${track.trackId}`);
  lines.push('a=rtcp-mux', 'a=rtcp-rsize');
  for (const codec of section.codecs) writeCodec(lines, codec, section.feedback);
  if (section.rids.length > 0) {
    for (const rid of section.rids) lines.push(`a=rid:${rid} recv`);
    lines.push(`a=simulcast:recv ${section.rids.join(';')}`);
  }
  if (track !== null) {
    if (track.rtxSsrc !== null) lines.push(`a=ssrc-group:FID ${track.ssrc} ${track.rtxSsrc}`);
    for (const ssrc of track.rtxSsrc === null ? [track.ssrc] : [track.ssrc, track.rtxSsrc]) {
      lines.push(`a=ssrc:${ssrc} cname:${track.cname}`, `a=ssrc:${ssrc} msid:${track.streamId} ${track.trackId}`);
    }
  }
}

function payloadTypes(codecs: readonly Codec[]): number[] {
  return codecs.flatMap((codec) =>
    codec.rtxPayloadType === null ? [codec.payloadType] : [codec.payloadType, codec.rtxPayloadType],
  );
}

function writeCodec(lines: string[], codec: Codec, feedback: 'uplink' | 'downlink'): void {
  const { payloadType } = codec;
  const channels = codec.channels === undefined ? '' : `/${codec.channels}`;
  lines.push(`a=rtpmap:${payloadType} ${codec.name}/${codec.clockRate}${channels}`);
  if (feedback === 'uplink' && codec.transportCc) lines.push(`a=rtcp-fb:${payloadType} transport-cc`);
  if (codec.fir) lines.push(`a=rtcp-fb:${payloadType} ccm fir`);
  if (codec.nack) lines.push(`a=rtcp-fb:${payloadType} nack`);
  if (codec.pli) lines.push(`a=rtcp-fb:${payloadType} nack pli`);
  if (codec.fmtp !== '') lines.push(`a=fmtp:${payloadType} ${codec.fmtp}`);
  if (codec.rtxPayloadType !== null) {
    lines.push(`a=rtpmap:${codec.rtxPayloadType} rtx/${codec.clockRate}`);
    lines.push(`a=fmtp:${codec.rtxPayloadType} apt=${payloadType}`);
  }
}

function candidateLine(candidate: TransportCandidate): string {
  const { foundation, priority, address, port } = candidate;
  const tcp = candidate.protocol === 'tcp' ? ' tcptype passive' : '';
  return `a=candidate:${foundation} 1 ${candidate.protocol} ${priority} ${address} ${port} typ host${tcp}`;
}
