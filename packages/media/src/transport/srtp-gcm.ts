import { type CipherGCMTypes, createCipheriv, createDecipheriv, createSecretKey, type KeyObject } from 'node:crypto';
import { HEADER_SCRATCH, PAYLOAD_SCRATCH } from './srtp-buffers.ts';
import type { SrtpSessionKeys } from './srtp-keys.ts';
import type { SrtpTransform } from './srtp-transforms.ts';

const ALGORITHM: CipherGCMTypes = 'aes-128-gcm';
const TAG = 16;
const OPTIONS = { authTagLength: TAG };

/** AEAD_AES_128_GCM (RFC 7714). */
export class GcmTransform implements SrtpTransform {
  readonly rtcpOverhead = TAG + 4;
  readonly rtcpIndexFromEnd = 4;
  readonly #key: KeyObject;
  readonly #salt: Buffer;
  readonly #iv = Buffer.alloc(12);
  readonly #tag = Buffer.alloc(TAG);
  /** First 8 bytes of the RTCP packet and the index word (RFC 7714 §9.2). */
  readonly #rtcpAad = Buffer.alloc(12);

  constructor(keys: SrtpSessionKeys) {
    this.#key = createSecretKey(keys.key);
    this.#salt = keys.salt;
  }

  openRtp(packet: Buffer, header: number, ssrc: number, index: number, out: Buffer, outAt: number): number {
    const size = packet.length - header - TAG;
    packet.copy(HEADER_SCRATCH.bytes, 0, 0, header);
    packet.copy(PAYLOAD_SCRATCH.bytes, 0, header, header + size);
    packet.copy(this.#tag, 0, header + size);
    this.#rtpIv(ssrc, index);
    const plain = this.#open(HEADER_SCRATCH.view(header), PAYLOAD_SCRATCH.view(size));
    if (plain === null) return -1;
    packet.copy(out, outAt, 0, header);
    plain.copy(out, outAt + header);
    return header + size;
  }

  sealRtp(packet: Buffer, header: Buffer, payload: Buffer, ssrc: number, index: number): number {
    this.#rtpIv(ssrc, index);
    const cipher = createCipheriv(ALGORITHM, this.#key, this.#iv, OPTIONS);
    cipher.setAAD(header);
    cipher.update(payload).copy(packet, header.length);
    cipher.final();
    cipher.getAuthTag().copy(packet, header.length + payload.length);
    return header.length + payload.length + TAG;
  }

  openRtcp(packet: Buffer, ssrc: number, index: number, out: Buffer): number {
    const size = packet.length - 8 - TAG - 4;
    packet.copy(PAYLOAD_SCRATCH.bytes, 0, 8, 8 + size);
    packet.copy(this.#tag, 0, 8 + size, 8 + size + TAG);
    packet.copy(this.#rtcpAad, 0, 0, 8);
    packet.copy(this.#rtcpAad, 8, packet.length - 4);
    this.#rtcpIv(ssrc, index);
    const plain = this.#open(this.#rtcpAad, PAYLOAD_SCRATCH.view(size));
    if (plain === null) return -1;
    packet.copy(out, 0, 0, 8);
    plain.copy(out, 8);
    return 8 + size;
  }

  sealRtcp(packet: Uint8Array, ssrc: number, index: number, out: Buffer): number {
    out.set(packet, 0);
    const word = (index + 0x80000000) >>> 0;
    out.copy(this.#rtcpAad, 0, 0, 8);
    this.#rtcpAad.writeUInt32BE(word, 8);
    this.#rtcpIv(ssrc, index);
    out.copy(PAYLOAD_SCRATCH.bytes, 0, 8, packet.length);
    const cipher = createCipheriv(ALGORITHM, this.#key, this.#iv, OPTIONS);
    cipher.setAAD(this.#rtcpAad);
    cipher.update(PAYLOAD_SCRATCH.view(packet.length - 8)).copy(out, 8);
    cipher.final();
    cipher.getAuthTag().copy(out, packet.length);
    out.writeUInt32BE(word, packet.length + TAG);
    return packet.length + TAG + 4;
  }

  #open(aad: Buffer, sealed: Buffer): Buffer | null {
    const decipher = createDecipheriv(ALGORITHM, this.#key, this.#iv, OPTIONS);
    decipher.setAAD(aad);
    decipher.setAuthTag(this.#tag);
    const plain = decipher.update(sealed);
    try {
      decipher.final();
    } catch {
      return null;
    }
    return plain;
  }

  /** 0 0 ‖ SSRC ‖ ROC ‖ SEQ, xor salt (RFC 7714 §8.1). */
  #rtpIv(ssrc: number, index: number): void {
    const iv = this.#iv;
    iv.writeUInt16BE(0, 0);
    iv.writeUInt32BE(ssrc, 2);
    iv.writeUIntBE(index, 6, 6);
    this.#salted();
  }

  /** 0 0 ‖ SSRC ‖ 0 0 ‖ index, xor salt (RFC 7714 §9.1). */
  #rtcpIv(ssrc: number, index: number): void {
    const iv = this.#iv;
    iv.writeUInt16BE(0, 0);
    iv.writeUInt32BE(ssrc, 2);
    iv.writeUInt16BE(0, 6);
    iv.writeUInt32BE(index, 8);
    this.#salted();
  }

  #salted(): void {
    const iv = this.#iv;
    const salt = this.#salt;
    for (let i = 0; i < 12; i++) iv[i]! ^= salt[i]!;
  }
}
