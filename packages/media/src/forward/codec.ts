import { describeAv1 } from './codecs/av1.ts';
import { describeH264 } from './codecs/h264.ts';
import { describeH265 } from './codecs/h265.ts';
import { describeVp8 } from './codecs/vp8.ts';
import { describeVp9 } from './codecs/vp9.ts';
import type { RtpPacket } from './packet.ts';

/** Codecs as small numbers, for tables that are read with every packet. */
export const CODEC = { none: 0, audio: 1, vp8: 2, h264: 3, vp9: 4, av1: 5, h265: 6, video: 7 } as const;

/** The number of a mime type; unknown video is forwarded without keyframe detection. */
export function codecOf(mimeType: string): number {
  switch (mimeType) {
    case 'video/vp8':
      return CODEC.vp8;
    case 'video/h264':
      return CODEC.h264;
    case 'video/vp9':
      return CODEC.vp9;
    case 'video/av1':
      return CODEC.av1;
    case 'video/h265':
      return CODEC.h265;
    default:
      return mimeType.startsWith('audio/') ? CODEC.audio : CODEC.video;
  }
}

/** Fills in the codec's part of the packet. Bounded by the payload's length on any input. */
export function describePayload(bytes: Uint8Array, packet: RtpPacket, codec: number, descriptorId: number): void {
  switch (codec) {
    case CODEC.vp8:
      describeVp8(bytes, packet);
      return;
    case CODEC.h264:
      describeH264(bytes, packet);
      return;
    case CODEC.vp9:
      describeVp9(bytes, packet);
      return;
    case CODEC.av1:
      describeAv1(bytes, packet, descriptorId);
      return;
    case CODEC.h265:
      describeH265(bytes, packet);
      return;
    case CODEC.video:
      // Nothing known of its pictures: any packet may be the first one sent.
      packet.keyframe = packet.payloadLength > 0 ? 2 : 0;
      return;
    default:
      packet.keyframe = packet.payloadLength > 0 ? 1 : 0;
  }
}
