/** Payload types and header extensions of the link's offers. The answer can only choose among them. */
export const OPUS_PAYLOAD_TYPE = 111;
/** H.264 that the link sends: constrained baseline, packetization mode 1 (RFC 6184 §6.3). */
export const H264_PAYLOAD_TYPE = 108;
export const H264_RTX_PAYLOAD_TYPE = 109;

/** Ids of header extensions (RFC 8285). Orientation (`urn:3gpp:video-orientation`) is left out: phones ignore it. */
export const EXTENSION = { mid: 1, absSendTime: 2, transportCc: 3, audioLevel: 4 } as const;

export const EXTENSION_URI = {
  mid: 'urn:ietf:params:rtp-hdrext:sdes:mid',
  absSendTime: 'http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time',
  transportCc: 'http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01',
  audioLevel: 'urn:ietf:params:rtp-hdrext:ssrc-audio-level',
} as const;

export interface OfferedCodec {
  readonly payloadType: number;
  readonly name: string;
  readonly mimeType: string;
  readonly clockRate: number;
  readonly channels: number | null;
  readonly fmtp: string;
  /** Payload type of its retransmissions (RFC 4588). */
  readonly rtx: number | null;
}

const video = (payloadType: number, name: string, fmtp: string): OfferedCodec => ({
  payloadType,
  name,
  mimeType: `video/${name.toLowerCase()}`,
  clockRate: 90_000,
  channels: null,
  fmtp,
  rtx: payloadType + 1,
});
const h264 = (payloadType: number, profile: string): OfferedCodec =>
  video(payloadType, 'H264', `level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=${profile}`);

const OPUS: OfferedCodec = {
  payloadType: OPUS_PAYLOAD_TYPE,
  name: 'opus',
  mimeType: 'audio/opus',
  clockRate: 48_000,
  channels: 2,
  fmtp: 'minptime=10;useinbandfec=1',
  rtx: null,
};

/** What the link publishes. */
export const SEND_CODECS: Readonly<Record<'audio' | 'video', readonly OfferedCodec[]>> = {
  audio: [{ ...OPUS, fmtp: 'minptime=10;stereo=1;useinbandfec=1' }],
  video: [h264(H264_PAYLOAD_TYPE, '42e01f')],
};

/** What the link takes. Codecs other than H.264 come to be transcoded. */
export const RECEIVE_CODECS: Readonly<Record<'audio' | 'video', readonly OfferedCodec[]>> = {
  audio: [OPUS],
  video: [
    h264(H264_PAYLOAD_TYPE, '42e01f'),
    h264(102, '42001f'),
    h264(116, '4d001f'),
    h264(114, '640c1f'),
    h264(112, '64001f'),
    video(96, 'VP8', ''),
    video(98, 'VP9', 'profile-id=0'),
    video(100, 'VP9', 'profile-id=2'),
    video(45, 'AV1', ''),
  ],
};

/** Payload type → mime type of what arrives; undefined for retransmissions and strangers. */
export const MIME_BY_PAYLOAD_TYPE: readonly (string | undefined)[] = (() => {
  const table = new Array<string | undefined>(128).fill(undefined);
  for (const codec of [...RECEIVE_CODECS.audio, ...RECEIVE_CODECS.video]) table[codec.payloadType] = codec.mimeType;
  return table;
})();

/** Payload type of a retransmission → payload type of what it carries; 0 otherwise. */
export const ORIGINAL_BY_RTX: Uint8Array = (() => {
  const table = new Uint8Array(128);
  for (const codec of RECEIVE_CODECS.video) if (codec.rtx !== null) table[codec.rtx] = codec.payloadType;
  return table;
})();
