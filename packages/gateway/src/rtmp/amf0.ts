/** AMF0 (Adobe AMF 0 specification, 2007): what RTMP commands and metadata are written in. */
import { RtmpError } from './errors.ts';

export type AmfObject = ReadonlyMap<string, AmfValue>;
export type AmfValue = null | undefined | boolean | number | string | Date | AmfObject | readonly AmfValue[];

/** An associative array (§2.10). Some clients want `onMetaData` as one, so it is kept apart from a plain object. */
export class AmfEcmaArray extends Map<string, AmfValue> {}

export interface AmfLimits {
  readonly maxDepth: number;
  readonly maxValues: number;
  readonly maxStringBytes: number;
}

export const MARKER = {
  number: 0x00,
  boolean: 0x01,
  string: 0x02,
  object: 0x03,
  null: 0x05,
  undefined: 0x06,
  reference: 0x07,
  ecmaArray: 0x08,
  objectEnd: 0x09,
  strictArray: 0x0a,
  date: 0x0b,
  longString: 0x0c,
  unsupported: 0x0d,
  xmlDocument: 0x0f,
  typedObject: 0x10,
  avmPlus: 0x11,
} as const;

/** Members of an object literal as an AMF object. */
export function amfObject(members: Readonly<Record<string, AmfValue>>): AmfObject {
  return new Map(Object.entries(members));
}

/**
 * Reads all values from `offset` to the end. Throws {@link RtmpError} for malformed bytes, for what lies beyond the limits,
 * and for references, movie clips, record sets and AMF3, which no client needs before or during a publish.
 */
export function readAmf0(bytes: Uint8Array, offset: number, limits: AmfLimits): AmfValue[] {
  const reader = new AmfReader(bytes, offset, limits);
  const values: AmfValue[] = [];
  while (!reader.atEnd) values.push(reader.value(0));
  return values;
}

/** Reads just the first value when it is a string; null otherwise. Never throws. */
export function firstAmfString(bytes: Uint8Array, offset: number, maxBytes: number): string | null {
  if (bytes.length < offset + 3 || bytes[offset] !== MARKER.string) return null;
  const length = (bytes[offset + 1]! << 8) | bytes[offset + 2]!;
  const start = offset + 3;
  if (length > maxBytes || start + length > bytes.length) return null;
  return decodeUtf8(bytes, start, start + length);
}

function decodeUtf8(bytes: Uint8Array, start: number, end: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('utf8');
}

class AmfReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #limits: AmfLimits;
  #at: number;
  #values = 0;

  constructor(bytes: Uint8Array, offset: number, limits: AmfLimits) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#limits = limits;
    this.#at = offset;
  }

  get atEnd(): boolean {
    return this.#at >= this.#bytes.length;
  }

  value(depth: number): AmfValue {
    this.#values += 1;
    if (this.#values > this.#limits.maxValues) throw new RtmpError('AMF: too many values');
    if (depth > this.#limits.maxDepth) throw new RtmpError('AMF: nested too deeply');
    const marker = this.#byte();
    switch (marker) {
      case MARKER.number:
        return this.#number();
      case MARKER.boolean:
        return this.#byte() !== 0;
      case MARKER.string:
        return this.#string(this.#uint16());
      case MARKER.longString:
      case MARKER.xmlDocument:
        return this.#string(this.#uint32());
      case MARKER.null:
        return null;
      case MARKER.undefined:
      case MARKER.unsupported:
        return undefined;
      case MARKER.object:
        return this.#members(new Map(), depth);
      case MARKER.ecmaArray:
        // The count is a hint only (§2.10): members go on until the end marker.
        this.#uint32();
        return this.#members(new AmfEcmaArray(), depth);
      case MARKER.typedObject:
        this.#string(this.#uint16());
        return this.#members(new Map(), depth);
      case MARKER.strictArray:
        return this.#list(depth);
      case MARKER.date:
        return this.#date();
      default:
        throw new RtmpError(`AMF: marker ${marker} is not taken`);
    }
  }

  #members(into: Map<string, AmfValue>, depth: number): AmfObject {
    for (;;) {
      const name = this.#string(this.#uint16());
      if (name === '' && this.#bytes[this.#at] === MARKER.objectEnd) {
        this.#at += 1;
        return into;
      }
      into.set(name, this.value(depth + 1));
    }
  }

  #list(depth: number): AmfValue[] {
    const count = this.#uint32();
    // Every element takes a byte at least: a count that cannot be true ends it before anything is made.
    if (count > this.#limits.maxValues || count > this.#bytes.length - this.#at) {
      throw new RtmpError('AMF: too many values');
    }
    const list: AmfValue[] = [];
    for (let i = 0; i < count; i += 1) list.push(this.value(depth + 1));
    return list;
  }

  #date(): Date {
    const milliseconds = this.#number();
    this.#uint16(); // time zone: reserved, ignored (§2.13)
    return new Date(milliseconds);
  }

  #string(length: number): string {
    if (length > this.#limits.maxStringBytes) throw new RtmpError('AMF: string too long');
    const start = this.#take(length);
    return decodeUtf8(this.#bytes, start, start + length);
  }

  #byte(): number {
    return this.#bytes[this.#take(1)]!;
  }

  #uint16(): number {
    return this.#view.getUint16(this.#take(2));
  }

  #uint32(): number {
    return this.#view.getUint32(this.#take(4));
  }

  #number(): number {
    return this.#view.getFloat64(this.#take(8));
  }

  #take(count: number): number {
    const start = this.#at;
    if (start + count > this.#bytes.length) throw new RtmpError('AMF: ends too early');
    this.#at = start + count;
    return start;
  }
}

/** Writes values one behind the other. Names longer than 65,535 bytes throw {@link RangeError}: they are ours to avoid. */
export function writeAmf0(values: readonly AmfValue[]): Uint8Array {
  const parts: Uint8Array[] = [];
  for (const value of values) writeValue(parts, value);
  return Buffer.concat(parts);
}

function writeValue(parts: Uint8Array[], value: AmfValue): void {
  if (value === null) parts.push(Uint8Array.of(MARKER.null));
  else if (value === undefined) parts.push(Uint8Array.of(MARKER.undefined));
  else if (typeof value === 'boolean') parts.push(Uint8Array.of(MARKER.boolean, value ? 1 : 0));
  else if (typeof value === 'number') parts.push(Uint8Array.of(MARKER.number), float64(value));
  else if (typeof value === 'string') writeString(parts, value);
  else if (value instanceof Date) parts.push(Uint8Array.of(MARKER.date), float64(value.getTime()), new Uint8Array(2));
  else if (isList(value)) {
    parts.push(Uint8Array.of(MARKER.strictArray), uint32(value.length));
    for (const element of value) writeValue(parts, element);
  } else {
    if (value instanceof AmfEcmaArray) parts.push(Uint8Array.of(MARKER.ecmaArray), uint32(value.size));
    else parts.push(Uint8Array.of(MARKER.object));
    for (const [name, member] of value) {
      writeName(parts, name);
      writeValue(parts, member);
    }
    parts.push(Uint8Array.of(0, 0, MARKER.objectEnd));
  }
}

function isList(value: AmfObject | readonly AmfValue[]): value is readonly AmfValue[] {
  return Array.isArray(value);
}

function writeString(parts: Uint8Array[], text: string): void {
  const bytes = Buffer.from(text, 'utf8');
  if (bytes.length > 0xffff) parts.push(Uint8Array.of(MARKER.longString), uint32(bytes.length), bytes);
  else parts.push(Uint8Array.of(MARKER.string, bytes.length >> 8, bytes.length & 0xff), bytes);
}

function writeName(parts: Uint8Array[], text: string): void {
  const bytes = Buffer.from(text, 'utf8');
  if (bytes.length > 0xffff) throw new RangeError('AMF: a name takes 65,535 bytes at most');
  parts.push(Uint8Array.of(bytes.length >> 8, bytes.length & 0xff), bytes);
}

function uint32(value: number): Uint8Array {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

function float64(value: number): Uint8Array {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleBE(value);
  return bytes;
}
