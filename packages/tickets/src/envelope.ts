import { deflateSync, inflateSync } from 'node:zlib';

/** Longest ticket that is looked at, in characters: real ones have 200–600. */
export const MAX_TICKET_CHARS = 4096;
/** Most bytes that a ticket may inflate to: a zlib bomb stops here. */
const MAX_JSON_BYTES = 8192;

/** Tencent's alphabet: base64 with `+ / =` written as `* - _`. It is not RFC 4648 base64url. */
const TICKET = /^[A-Za-z0-9*-]+_{0,2}$/;
/** Strict base64 with padding (RFC 4648 §4). */
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** A flat JSON object of the kind tickets hold. */
export type TicketFields = Readonly<Record<string, unknown>>;

/** A window of 1 KiB and small tables: as short on texts of some hundred bytes, with far less memory to set up. */
const DEFLATE = { level: 1, windowBits: 10, memLevel: 4, chunkSize: 1024 };

/**
 * JSON → zlib (RFC 1950) → base64 → `+ / =` become `* - _`: safe in a URL's query without encoding.
 */
export function encodeEnvelope(fields: Record<string, string | number>): string {
  const base64 = deflateSync(JSON.stringify(fields), DEFLATE).toString('base64');
  return base64.replaceAll('+', '*').replaceAll('/', '-').replaceAll('=', '_');
}

/** Inverse of {@link encodeEnvelope}, in bounded time and memory; `null` for anything that is not such a ticket. */
export function decodeEnvelope(ticket: unknown): TicketFields | null {
  if (typeof ticket !== 'string' || ticket.length > MAX_TICKET_CHARS || !TICKET.test(ticket)) return null;
  const compressed = decodeBase64(ticket.replaceAll('*', '+').replaceAll('-', '/').replaceAll('_', '='));
  if (compressed === null) return null;
  try {
    const text = inflateSync(compressed, { maxOutputLength: MAX_JSON_BYTES }).toString('utf8');
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as TicketFields) : null;
  } catch {
    // Not zlib, too large once inflated, or not JSON: all the same to the caller.
    return null;
  }
}

/** Strict base64 with padding to bytes; `null` when a character or the padding is off. */
export function decodeBase64(text: string): Buffer | null {
  return BASE64.test(text) ? Buffer.from(text, 'base64') : null;
}

/** An inner base64 field without the line breaks that some signers put into it. */
export function compactBase64(text: string): string {
  return text.replace(/[\r\n\t ]/g, '');
}
