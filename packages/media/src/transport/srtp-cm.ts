import { createCipheriv, createHmac, createSecretKey, type KeyObject, timingSafeEqual } from 'node:crypto';
import { MAX_PACKET, PAYLOAD_SCRATCH, ScratchBuffer } from './srtp-buffers.ts';
import type { SrtpSessionKeys } from './srtp-keys.ts';
import type { SrtpTransform } from './srtp-transforms.ts';

const ALGORITHM = 'aes-128-ctr';
const TAG = 10;

/** What the tag is computed over: the packet and, for RTP, the rollover counter behind it. */
const AUTHENTICATED = new ScratchBuffer(MAX_PACKET + 4);
const TAG_SCRATCH = new ScratchBuffer(TAG);

/** AES128_CM_HMAC_SHA1_80 (RFC 3711). */
export class CmTransform implements SrtpTransform {
  readonly rtcpOverhead = TAG + 4;
  readonly rtcpIndexFromEnd = TAG + 4;
  readonly #key: KeyObject;
  readonly #auth: KeyObject;
  readonly #salt: Buffer;
  readonly #iv = Buffer.alloc(16);

  constructor(keys: SrtpSessionKeys) {
    this.#key = createSecretKey(keys.key);
    this.#auth = createSecretKey(keys.auth);
    this.#salt = keys.salt;
  }

  openRtp(packet: Buffer, header: number, ssrc: number, index: number, out: Buffer, outAt: number): number {
    const end = packet.length - TAG;
    packet.copy(AUTHENTICATED.bytes, 0, 0, end);
    AUTHENTICATED.bytes.writeUInt32BE(Math.floor(index / 65536), end);
    packet.copy(TAG_SCRATCH.bytes, 0, end);
    if (!this.#verify(AUTHENTICATED.view(end + 4))) return -1;
    packet.copy(PAYLOAD_SCRATCH.bytes, 0, header, end);
    packet.copy(out, outAt, 0, header);
    this.#setIv(ssrc, index);
    this.#crypt(PAYLOAD_SCRATCH.view(end - header)).copy(out, outAt + header);
    return end;
  }

  sealRtp(packet: Buffer, header: Buffer, payload: Buffer, ssrc: number, index: number): number {
    const end = header.length + payload.length;
    this.#setIv(ssrc, index);
    this.#crypt(payload).copy(packet, header.length);
    packet.copy(AUTHENTICATED.bytes, 0, 0, end);
    AUTHENTICATED.bytes.writeUInt32BE(Math.floor(index / 65536), end);
    this.#digest(AUTHENTICATED.view(end + 4)).copy(packet, end, 0, TAG);
    return end + TAG;
  }

  openRtcp(packet: Buffer, ssrc: number, index: number, out: Buffer): number {
    const end = packet.length - TAG;
    packet.copy(AUTHENTICATED.bytes, 0, 0, end);
    packet.copy(TAG_SCRATCH.bytes, 0, end);
    if (!this.#verify(AUTHENTICATED.view(end))) return -1;
    const size = end - 4 - 8;
    packet.copy(PAYLOAD_SCRATCH.bytes, 0, 8, 8 + size);
    packet.copy(out, 0, 0, 8);
    this.#setIv(ssrc, index);
    this.#crypt(PAYLOAD_SCRATCH.view(size)).copy(out, 8);
    return 8 + size;
  }

  sealRtcp(packet: Uint8Array, ssrc: number, index: number, out: Buffer): number {
    out.set(packet, 0);
    out.copy(PAYLOAD_SCRATCH.bytes, 0, 8, packet.length);
    this.#setIv(ssrc, index);
    this.#crypt(PAYLOAD_SCRATCH.view(packet.length - 8)).copy(out, 8);
    out.writeUInt32BE((index + 0x80000000) >>> 0, packet.length);
    const end = packet.length + 4;
    out.copy(AUTHENTICATED.bytes, 0, 0, end);
    this.#digest(AUTHENTICATED.view(end)).copy(out, end, 0, TAG);
    return end + TAG;
  }

  #crypt(data: Buffer): Buffer {
    return createCipheriv(ALGORITHM, this.#key, this.#iv).update(data);
  }

  #digest(data: Buffer): Buffer {
    return createHmac('sha1', this.#auth).update(data).digest();
  }

  #verify(data: Buffer): boolean {
    return timingSafeEqual(this.#digest(data).subarray(0, TAG), TAG_SCRATCH.bytes);
  }

  /** salt · 2^16 xor SSRC · 2^64 xor index · 2^16 (RFC 3711 §4.1.1). For SRTCP the index has 31 bits. */
  #setIv(ssrc: number, index: number): void {
    const iv = this.#iv;
    iv.writeUInt32BE(0, 0);
    iv.writeUInt32BE(ssrc, 4);
    iv.writeUIntBE(index, 8, 6);
    iv.writeUInt16BE(0, 14);
    const salt = this.#salt;
    for (let i = 0; i < 14; i++) iv[i]! ^= salt[i]!;
  }
}
