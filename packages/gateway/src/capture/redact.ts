/** Takes tickets and other secrets out of what a client wrote, before anything leaves the gateway. */
import type { AmfValue } from '../rtmp/amf0.ts';
import { AmfEcmaArray } from '../rtmp/amf0.ts';
import type { JsonValue } from './types.ts';

/** Members whose text is not for a file, whatever it is. */
const SECRET_NAME = /pass|secret|token|ticket|auth|sig(n|$)|^key$/i;

/**
 * A text without its query and without user information before a host. `ticket` (empty: none known) goes wherever else it
 * stands, in whole or from its first part on: a client may have split it at a slash.
 */
export function redactText(text: string, ticket: string): string {
  const mark = text.indexOf('?');
  const path = mark < 0 ? text : text.slice(0, mark);
  const query = mark < 0 ? '' : `?${placeholder('ticket', text.length - mark - 1)}`;
  let clean = path.replace(/\/\/[^/@]*@/, '//<user>@');
  for (const part of partsOf(ticket)) clean = clean.split(part).join(placeholder('ticket', part.length));
  return clean + query;
}

/** The ticket and its pieces between slashes, longest first; pieces too short to be a secret are left. */
function partsOf(ticket: string): string[] {
  return [ticket, ...ticket.split(/[/?]/)].filter((part) => part.length >= 4).sort((a, b) => b.length - a.length);
}

function placeholder(what: string, characters: number): string {
  return `<${what}, ${characters} characters>`;
}

/** A value as JSON, its texts redacted. */
export function toJson(value: AmfValue, ticket: string, name = ''): JsonValue {
  if (value === undefined || value === null) return null;
  if (typeof value === 'boolean') return value;
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value);
  if (typeof value === 'string') {
    return SECRET_NAME.test(name) && value !== '' ? placeholder('secret', value.length) : redactText(value, ticket);
  }
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'invalid date' : value.toISOString();
  if (isList(value)) return value.map((element) => toJson(element, ticket, name));
  // Entries, not assignments: a member may be called `__proto__`.
  return Object.fromEntries([...value].map(([key, member]) => [redactText(key, ticket), toJson(member, ticket, key)]));
}

/** The same value, its texts redacted. */
export function redactValue(value: AmfValue, ticket: string, name = ''): AmfValue {
  if (typeof value === 'string') {
    return SECRET_NAME.test(name) && value !== '' ? placeholder('secret', value.length) : redactText(value, ticket);
  }
  if (typeof value !== 'object' || value === null || value instanceof Date) return value;
  if (isList(value)) return value.map((element) => redactValue(element, ticket, name));
  const members = [...value].map(([key, member]): [string, AmfValue] => [
    redactText(key, ticket),
    redactValue(member, ticket, key),
  ]);
  return value instanceof AmfEcmaArray ? new AmfEcmaArray(members) : new Map(members);
}

function isList(value: AmfValue): value is readonly AmfValue[] {
  return Array.isArray(value);
}
