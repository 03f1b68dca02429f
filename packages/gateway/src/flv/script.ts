/** The one script tag a player reads: onMetaData, in AMF0 (Adobe AMF0 §2; FLV 10.1 annex E.4.4, E.5). */

export type ScriptValue = number | boolean | string;

/** Body of an onMetaData tag: a string and an ECMA array. Names and strings are cut at 65,535 bytes. */
export function metadataBody(values: Readonly<Record<string, ScriptValue>>): Uint8Array {
  const parts: Buffer[] = [Buffer.from([2]), text('onMetaData'), Buffer.from([8])];
  const entries = Object.entries(values);
  const count = Buffer.alloc(4);
  count.writeUInt32BE(entries.length);
  parts.push(count);
  for (const [name, value] of entries) parts.push(text(name), amfValue(value));
  parts.push(Buffer.from([0, 0, 9]));
  return Buffer.concat(parts);
}

function amfValue(value: ScriptValue): Buffer {
  if (typeof value === 'boolean') return Buffer.from([1, value ? 1 : 0]);
  if (typeof value === 'string') return Buffer.concat([Buffer.from([2]), text(value)]);
  const number = Buffer.alloc(9);
  number.writeDoubleBE(value, 1);
  return number;
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value).subarray(0, 65_535);
  const length = Buffer.alloc(2);
  length.writeUInt16BE(bytes.length);
  return Buffer.concat([length, bytes]);
}
