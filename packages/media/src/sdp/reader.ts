/**
 * First step of reading SDP (RFC 8866 §5): text into lines, lines into sections with their attributes, under limits.
 * Nothing is interpreted here; what the values mean is read in `parse.ts`, each with an anchored pattern.
 */
import { NegotiationError } from '../connection/types.ts';
import type { SdpLimits } from './limits.ts';

/** Attributes of the session or of one section: name → values in the order of the lines ('' for a flag). */
export type Attributes = ReadonlyMap<string, readonly string[]>;

/** One `m=` section, uninterpreted. */
export interface RawSection {
  /** Value of the `m=` line. */
  readonly media: string;
  readonly attributes: Attributes;
}

/** A description, uninterpreted. */
export interface RawDescription {
  readonly session: Attributes;
  readonly sections: readonly RawSection[];
}

const ATTRIBUTE_NAME = /^[A-Za-z0-9!#$%&'*+.^_`{|}~-]{1,64}$/;

/**
 * Splits a description. Time and memory are linear in the text.
 *
 * @throws {NegotiationError} when the text is above a limit or is not SDP.
 */
export function readSdp(text: string, limits: SdpLimits): RawDescription {
  if (text.length > limits.maxLength) throw new NegotiationError(`description longer than ${limits.maxLength}`);
  const lines = text.split('\n', limits.maxLines + 1);
  if (lines.length > limits.maxLines) throw new NegotiationError(`description has more than ${limits.maxLines} lines`);
  const session = new Map<string, string[]>();
  const sections: RawSection[] = [];
  let attributes = session;
  let first = true;
  for (const raw of lines) {
    const line = raw.endsWith('\r') ? raw.slice(0, -1) : raw;
    if (line === '') continue;
    if (line.length > limits.maxLineLength) throw new NegotiationError('line too long');
    if (line.charCodeAt(1) !== 0x3d) throw new NegotiationError('not a line of SDP');
    if (first && line !== 'v=0') throw new NegotiationError('description does not begin with v=0');
    first = false;
    const type = line[0];
    if (type === 'm') {
      if (sections.length >= limits.maxSections) throw new NegotiationError(`more than ${limits.maxSections} sections`);
      attributes = new Map();
      sections.push({ media: line.slice(2), attributes });
    } else if (type === 'a') {
      addAttribute(attributes, line);
    }
  }
  if (first) throw new NegotiationError('empty description');
  return { session, sections };
}

function addAttribute(attributes: Map<string, string[]>, line: string): void {
  const colon = line.indexOf(':', 2);
  const name = colon < 0 ? line.slice(2) : line.slice(2, colon);
  if (!ATTRIBUTE_NAME.test(name)) throw new NegotiationError('malformed attribute');
  const value = colon < 0 ? '' : line.slice(colon + 1).trim();
  const values = attributes.get(name);
  if (values === undefined) attributes.set(name, [value]);
  else values.push(value);
}
