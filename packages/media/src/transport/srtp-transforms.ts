import { CmTransform } from './srtp-cm.ts';
import { GcmTransform } from './srtp-gcm.ts';
import { SRTP_PROFILE, type SrtpProfile, type SrtpSessionKeys } from './srtp-keys.ts';

/** The cipher of one direction, of RTP or of RTCP. Answers are byte counts; −1 = not authentic. */
export interface SrtpTransform {
  /** Bytes that SRTCP adds, and how far from the end its index word stands. */
  readonly rtcpOverhead: number;
  readonly rtcpIndexFromEnd: number;
  /** Decrypts a packet whose header is `header` bytes long to `out`, header included. */
  openRtp(packet: Buffer, header: number, ssrc: number, index: number, out: Buffer, outAt: number): number;
  /** Writes the encrypted payload and the tag behind the header of `packet`. */
  sealRtp(packet: Buffer, header: Buffer, payload: Buffer, ssrc: number, index: number): number;
  openRtcp(packet: Buffer, ssrc: number, index: number, out: Buffer): number;
  sealRtcp(packet: Uint8Array, ssrc: number, index: number, out: Buffer): number;
}

export function createTransform(profile: SrtpProfile, keys: SrtpSessionKeys): SrtpTransform {
  return profile === SRTP_PROFILE.aeadAes128Gcm ? new GcmTransform(keys) : new CmTransform(keys);
}
