import type { CodecBinding } from './types.ts';

/**
 * Which payload type of the viewer carries each of the publisher's: by mime type and the parameters that make streams
 * incompatible. −1: the viewer cannot decode it and nothing is sent.
 */
export interface PayloadTypeMap {
  /** By the publisher's payload type. */
  readonly payloadTypes: Int16Array;
  /** The viewer's RTX payload type beside it, −1 without. */
  readonly rtxPayloadTypes: Int16Array;
}

export function mapPayloadTypes(from: readonly CodecBinding[], to: readonly CodecBinding[]): PayloadTypeMap {
  const payloadTypes = new Int16Array(128).fill(-1);
  const rtxPayloadTypes = new Int16Array(128).fill(-1);
  for (const source of from) {
    const match = matchCodec(source, to);
    if (match === undefined) continue;
    payloadTypes[source.payloadType & 0x7f] = match.payloadType;
    rtxPayloadTypes[source.payloadType & 0x7f] = match.rtxPayloadType ?? -1;
  }
  return { payloadTypes, rtxPayloadTypes };
}

function matchCodec(source: CodecBinding, candidates: readonly CodecBinding[]): CodecBinding | undefined {
  const same = candidates.filter((c) => c.mimeType === source.mimeType && c.clockRate === source.clockRate);
  if (source.mimeType === 'video/h264') {
    // RFC 6184 section 8.2.2: packetization mode must agree; the profile should, the level may differ.
    const mode = parameter(source.fmtp, 'packetization-mode') ?? '0';
    const modes = same.filter((c) => (parameter(c.fmtp, 'packetization-mode') ?? '0') === mode);
    const profile = h264Profile(source.fmtp);
    return modes.find((c) => h264Profile(c.fmtp) === profile) ?? modes[0];
  }
  if (source.mimeType === 'video/vp9') {
    const profile = parameter(source.fmtp, 'profile-id') ?? '0';
    return same.find((c) => (parameter(c.fmtp, 'profile-id') ?? '0') === profile);
  }
  if (source.mimeType === 'video/av1') {
    const profile = parameter(source.fmtp, 'profile') ?? '0';
    return same.find((c) => (parameter(c.fmtp, 'profile') ?? '0') === profile);
  }
  return same[0];
}

/** profile_idc with the constraint flags that tell constrained baseline from baseline. */
function h264Profile(fmtp: string): string {
  const id = (parameter(fmtp, 'profile-level-id') ?? '42000a').toLowerCase();
  const constraints = Number.parseInt(id.slice(2, 4), 16);
  return `${id.slice(0, 2)}${constraints & 0x40 ? 'c' : ''}`;
}

function parameter(fmtp: string, name: string): string | undefined {
  for (const part of fmtp.split(';')) {
    const [key, value] = part.split('=', 2);
    if (key?.trim().toLowerCase() === name) return value?.trim();
  }
  return undefined;
}
