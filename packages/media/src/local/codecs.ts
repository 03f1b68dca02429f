/** Payload types on a local link: fixed, since nothing is negotiated there. They are those that the engine offers in SDP. */

export const LOCAL_OPUS = 111;
/** Id of the header extension with the level of sound (RFC 6464). */
export const LOCAL_AUDIO_LEVEL = 1;
/** Constrained baseline, packetization mode 1; other profiles travel under it as well, as everywhere in WebRTC. */
export const LOCAL_H264 = 108;

const MIME_TYPES: Readonly<Record<number, string>> = {
  [LOCAL_OPUS]: 'audio/opus',
  96: 'video/vp8',
  [LOCAL_H264]: 'video/h264',
  102: 'video/h264',
  116: 'video/h264',
  114: 'video/h264',
  112: 'video/h264',
  98: 'video/vp9',
  100: 'video/vp9',
  45: 'video/av1',
  49: 'video/h265',
};

/** Mime type of a record's payload type, lower case; null for one that is not known. */
export function localMimeType(payloadType: number): string | null {
  return MIME_TYPES[payloadType] ?? null;
}
