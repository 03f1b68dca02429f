import { extensionOffset, extensionSize, findExtension, ONE_BYTE_PROFILE } from './rtp.ts';
import type { ExtensionMap } from './types.ts';

/** Compiled form of an {@link ExtensionMap}: flat, so that writing a header looks nothing up. */
export interface CompiledExtensions {
  /** 0 = not written. */
  readonly midId: number;
  readonly mid: Uint8Array;
  readonly transportCc: number;
  readonly absSendTime: number;
  readonly copyFrom: Uint8Array;
  readonly copyTo: Uint8Array;
}

const MAX_VALUE = 16;
/** Room that one header's extensions may take, so that a packet stays within an MTU. */
export const MAX_EXTENSION_BYTES = 256;

/** Checks and compiles a map. Throws {@link RangeError} for an id outside 1–14 or a mid that the one-byte form cannot hold. */
export function compileExtensions(map: ExtensionMap): CompiledExtensions {
  const mid = Buffer.from(map.mid?.value ?? '');
  if (map.mid !== undefined && (mid.length < 1 || mid.length > MAX_VALUE)) {
    throw new RangeError(`A mid of ${mid.length} bytes does not fit a one-byte header extension`);
  }
  const compiled = {
    midId: map.mid?.id ?? 0,
    mid,
    transportCc: map.transportCc ?? 0,
    absSendTime: map.absSendTime ?? 0,
    copyFrom: Uint8Array.from(map.copy, ([from]) => from),
    copyTo: Uint8Array.from(map.copy, ([, to]) => to),
  };
  const written = [map.mid?.id, map.transportCc, map.absSendTime, ...map.copy.map(([, to]) => to)];
  for (const id of written) {
    if (id !== undefined && !(Number.isInteger(id) && id >= 1 && id <= 14)) {
      throw new RangeError(`Header extension id ${id} is outside 1–14`);
    }
  }
  if (map.copy.length > 14) throw new RangeError('More copied header extensions than ids');
  return compiled;
}

/** No extensions at all. */
export const NO_EXTENSIONS = compileExtensions({ copy: [] });

/**
 * Writes the extension block (RFC 8285 §4.2) at `at` of `out`.
 *
 * @param source packet that copied extensions are taken from, at `sourceAt`.
 * @param transportCc sequence number, or −1.
 * @param sendTime abs-send-time, 24 bits of 6.18 fixed-point seconds.
 * @returns bytes written, 0 when there is nothing to write (the X bit stays clear then).
 */
export function writeExtensions(
  out: Buffer,
  at: number,
  extensions: CompiledExtensions,
  source: Buffer,
  sourceAt: number,
  transportCc: number,
  sendTime: number,
): number {
  let p = at + 4;
  if (extensions.midId !== 0) {
    const mid = extensions.mid;
    out[p++] = (extensions.midId << 4) | (mid.length - 1);
    for (let i = 0; i < mid.length; i++) out[p++] = mid[i]!;
  }
  if (extensions.transportCc !== 0 && transportCc >= 0) {
    out[p++] = (extensions.transportCc << 4) | 1;
    out[p++] = (transportCc >> 8) & 0xff;
    out[p++] = transportCc & 0xff;
  }
  if (extensions.absSendTime !== 0) {
    out[p++] = (extensions.absSendTime << 4) | 2;
    out[p++] = (sendTime >> 16) & 0xff;
    out[p++] = (sendTime >> 8) & 0xff;
    out[p++] = sendTime & 0xff;
  }
  const from = extensions.copyFrom;
  for (let i = 0; i < from.length; i++) {
    const found = findExtension(source, sourceAt, from[i]!);
    if (found < 0) continue;
    const size = extensionSize(found);
    // Empty and longer values exist in the two-byte form only.
    if (size < 1 || size > MAX_VALUE || p - at + 1 + size > MAX_EXTENSION_BYTES) continue;
    out[p++] = (extensions.copyTo[i]! << 4) | (size - 1);
    const start = extensionOffset(found);
    for (let j = 0; j < size; j++) out[p++] = source[start + j]!;
  }
  if (p === at + 4) return 0;
  while ((p - at) % 4 !== 0) out[p++] = 0;
  out.writeUInt16BE(ONE_BYTE_PROFILE, at);
  out.writeUInt16BE((p - at - 4) / 4, at + 2);
  return p - at;
}
