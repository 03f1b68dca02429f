/**
 * The part of STUN that an ICE-lite agent needs (RFC 8489, RFC 8445 §7.3): binding requests in, success and error
 * responses out. Requests for the tests' controlling side are written here too.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { crc32 } from 'node:zlib';

const MAGIC_COOKIE = 0x2112a442;
const HEADER = 20;
const INTEGRITY = 24;
const FINGERPRINT = 8;
const FINGERPRINT_XOR = 0x5354554e;
/** RFC 8489 §14.3: a username is shorter than 509 bytes. */
const MAX_USERNAME = 508;
/** No honest binding request comes near; longer ones are not looked at. */
const MAX_MESSAGE = 1200;

export const STUN_BINDING_REQUEST = 0x0001;
export const STUN_BINDING_SUCCESS = 0x0101;
export const STUN_BINDING_ERROR = 0x0111;

const ATTRIBUTE = {
  username: 0x0006,
  messageIntegrity: 0x0008,
  errorCode: 0x0009,
  unknownAttributes: 0x000a,
  xorMappedAddress: 0x0020,
  priority: 0x0024,
  useCandidate: 0x0025,
  fingerprint: 0x8028,
  iceControlled: 0x8029,
  iceControlling: 0x802a,
} as const;

export interface StunMessage {
  readonly type: number;
  /** 12 bytes; a view of the datagram. */
  readonly transactionId: Uint8Array;
  readonly username: string | null;
  readonly useCandidate: boolean;
  readonly role: 'controlling' | 'controlled' | null;
  /** Offset of MESSAGE-INTEGRITY in the datagram, −1 when absent. */
  readonly integrityAt: number;
  readonly errorCode: number | null;
  /** Comprehension-required attributes that we do not know (RFC 8489 §6.3.1). */
  readonly unknown: readonly number[];
}

/** Whether a datagram is STUN by its first bytes and cookie (RFC 7983, RFC 8489 §6). */
export function isStun(data: Uint8Array): boolean {
  return data.length >= HEADER && data[0]! < 4 && readUint32(data, 4) === MAGIC_COOKIE;
}

/** Reads a message; null when it is malformed or its FINGERPRINT is wrong. */
export function parseStun(data: Buffer): StunMessage | null {
  if (!isStun(data) || data.length > MAX_MESSAGE) return null;
  if (data.readUInt16BE(2) !== data.length - HEADER || data.length % 4 !== 0) return null;
  let username: string | null = null;
  let useCandidate = false;
  let role: StunMessage['role'] = null;
  let integrityAt = -1;
  let errorCode: number | null = null;
  const unknown: number[] = [];
  let at = HEADER;
  while (at < data.length) {
    if (at + 4 > data.length) return null;
    const type = data.readUInt16BE(at);
    const length = data.readUInt16BE(at + 2);
    const value = at + 4;
    const next = value + ((length + 3) & ~3);
    if (next > data.length) return null;
    if (type === ATTRIBUTE.fingerprint) {
      if (length !== 4 || next !== data.length) return null;
      if (fingerprintOf(data.subarray(0, at)) !== data.readUInt32BE(value)) return null;
      break;
    }
    // What follows MESSAGE-INTEGRITY is not protected and must be ignored (RFC 8489 §14.5).
    if (integrityAt < 0) {
      switch (type) {
        case ATTRIBUTE.username:
          if (length > MAX_USERNAME || username !== null) return null;
          username = data.toString('latin1', value, value + length);
          break;
        case ATTRIBUTE.messageIntegrity:
          if (length !== 20) return null;
          integrityAt = at;
          break;
        case ATTRIBUTE.useCandidate:
          useCandidate = true;
          break;
        case ATTRIBUTE.iceControlled:
          role = 'controlled';
          break;
        case ATTRIBUTE.iceControlling:
          role = 'controlling';
          break;
        case ATTRIBUTE.errorCode:
          if (length < 4) return null;
          errorCode = (data[value + 2]! & 7) * 100 + data[value + 3]!;
          break;
        case ATTRIBUTE.priority:
        case ATTRIBUTE.xorMappedAddress:
          break;
        default:
          if (type < 0x8000) unknown.push(type);
      }
    }
    at = next;
  }
  return {
    type: data.readUInt16BE(0),
    transactionId: data.subarray(8, HEADER),
    username,
    useCandidate,
    role,
    integrityAt,
    errorCode,
    unknown,
  };
}

/** Checks MESSAGE-INTEGRITY with a short-term password (RFC 8489 §9.1). */
export function verifyIntegrity(data: Buffer, message: StunMessage, password: string): boolean {
  const at = message.integrityAt;
  if (at < 0) return false;
  // The hash covers the header with the length up to and including this attribute.
  const head = Buffer.from(data.subarray(0, HEADER));
  head.writeUInt16BE(at + INTEGRITY - HEADER, 2);
  const digest = createHmac('sha1', password).update(head).update(data.subarray(HEADER, at)).digest();
  return timingSafeEqual(digest, data.subarray(at + 4, at + INTEGRITY));
}

/** A success response with the address that the request came from. */
export function bindingSuccess(request: StunMessage, address: string, port: number, password: string): Buffer {
  return seal(STUN_BINDING_SUCCESS, request.transactionId, [xorMappedAddress(request, address, port)], password);
}

/** An authenticated error response, e.g. 487 role conflict. */
export function bindingError(request: StunMessage, code: number, reason: string, password: string): Buffer {
  const text = Buffer.from(reason);
  const value = Buffer.concat([Buffer.from([0, 0, Math.floor(code / 100), code % 100]), text]);
  const attributes = [attribute(ATTRIBUTE.errorCode, value)];
  if (code === 420) {
    const list = Buffer.alloc(request.unknown.length * 2);
    request.unknown.forEach((type, i) => {
      list.writeUInt16BE(type, i * 2);
    });
    attributes.push(attribute(ATTRIBUTE.unknownAttributes, list));
  }
  return seal(STUN_BINDING_ERROR, request.transactionId, attributes, password);
}

export interface BindingRequest {
  readonly transactionId: Uint8Array;
  /** `remote:local` as seen by the sender. */
  readonly username: string;
  /** Password of the receiver. */
  readonly password: string;
  readonly role: 'controlling' | 'controlled';
  readonly useCandidate: boolean;
}

/** A connectivity check as a controlling (or controlled) agent sends it. */
export function bindingRequest(options: BindingRequest): Buffer {
  const attributes = [
    attribute(ATTRIBUTE.username, Buffer.from(options.username, 'latin1')),
    attribute(
      options.role === 'controlling' ? ATTRIBUTE.iceControlling : ATTRIBUTE.iceControlled,
      Buffer.from([1, 2, 3, 4, 5, 6, 7, 8]),
    ),
    attribute(ATTRIBUTE.priority, Buffer.from([0x6e, 0x7f, 0xff, 0xff])),
  ];
  if (options.useCandidate) attributes.push(attribute(ATTRIBUTE.useCandidate, Buffer.alloc(0)));
  return seal(STUN_BINDING_REQUEST, options.transactionId, attributes, options.password);
}

function attribute(type: number, value: Buffer): Buffer {
  const out = Buffer.alloc(4 + ((value.length + 3) & ~3));
  out.writeUInt16BE(type, 0);
  out.writeUInt16BE(value.length, 2);
  value.copy(out, 4);
  return out;
}

function seal(type: number, transactionId: Uint8Array, attributes: readonly Buffer[], password: string): Buffer {
  const body = attributes.reduce((sum, a) => sum + a.length, 0);
  const out = Buffer.alloc(HEADER + body + INTEGRITY + FINGERPRINT);
  out.writeUInt16BE(type, 0);
  out.writeUInt32BE(MAGIC_COOKIE, 4);
  out.set(transactionId, 8);
  let at = HEADER;
  for (const a of attributes) at += a.copy(out, at);
  out.writeUInt16BE(body + INTEGRITY, 2);
  const digest = createHmac('sha1', password).update(out.subarray(0, at)).digest();
  attribute(ATTRIBUTE.messageIntegrity, digest).copy(out, at);
  at += INTEGRITY;
  out.writeUInt16BE(body + INTEGRITY + FINGERPRINT, 2);
  const print = Buffer.alloc(4);
  print.writeUInt32BE(fingerprintOf(out.subarray(0, at)));
  attribute(ATTRIBUTE.fingerprint, print).copy(out, at);
  return out;
}

function fingerprintOf(data: Uint8Array): number {
  return (crc32(data) ^ FINGERPRINT_XOR) >>> 0;
}

function xorMappedAddress(request: StunMessage, address: string, port: number): Buffer {
  const bytes = addressBytes(address);
  const value = Buffer.alloc(4 + bytes.length);
  value[1] = bytes.length === 4 ? 1 : 2;
  value.writeUInt16BE(port ^ (MAGIC_COOKIE >>> 16), 2);
  const mask = Buffer.alloc(16);
  mask.writeUInt32BE(MAGIC_COOKIE, 0);
  mask.set(request.transactionId, 4);
  for (let i = 0; i < bytes.length; i++) value[4 + i] = bytes[i]! ^ mask[i]!;
  return attribute(ATTRIBUTE.xorMappedAddress, value);
}

/** 4 or 16 bytes of an address as the socket reports it (a scope id is dropped). */
export function addressBytes(address: string): Uint8Array {
  const plain = address.split('%')[0]!;
  if (!plain.includes(':')) return Uint8Array.from(plain.split('.').map(Number));
  const out = new Uint8Array(16);
  const dotted = plain.includes('.') ? plain.slice(plain.lastIndexOf(':') + 1) : null;
  const text = dotted === null ? plain : `${plain.slice(0, plain.lastIndexOf(':') + 1)}0:0`;
  const [head = '', tail] = text.split('::') as [string?, string?];
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const groups = [...left, ...Array<string>(Math.max(0, 8 - left.length - right.length)).fill('0'), ...right];
  for (let i = 0; i < 8; i++) {
    const value = Number.parseInt(groups[i] ?? '0', 16);
    out[i * 2] = value >> 8;
    out[i * 2 + 1] = value & 0xff;
  }
  if (dotted !== null) out.set(dotted.split('.').map(Number), 12);
  return out;
}

function readUint32(data: Uint8Array, at: number): number {
  return ((data[at]! << 24) | (data[at + 1]! << 16) | (data[at + 2]! << 8) | data[at + 3]!) >>> 0;
}
