import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AmfEcmaArray, type AmfValue, amfObject, firstAmfString, readAmf0, writeAmf0 } from './amf0.ts';
import { RtmpError } from './errors.ts';
import { LIMITS } from './testing/limits.ts';

const limits = LIMITS.amf;

const { value } = fc.letrec<{ value: AmfValue }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom<AmfValue>(null, undefined, true, false),
    fc.double(),
    fc.string({ unit: 'grapheme', maxLength: 20 }),
    fc.date({ noInvalidDate: true }),
    fc.array(tie('value'), { maxLength: 4 }),
    fc
      .array(fc.tuple(fc.string({ minLength: 1, maxLength: 5 }), tie('value')), { maxLength: 4 })
      .map((members) => new Map(members)),
    fc
      .array(fc.tuple(fc.string({ minLength: 1, maxLength: 5 }), tie('value')), { maxLength: 4 })
      .map((members) => new AmfEcmaArray(members)),
  ),
}));

describe('AMF0', () => {
  it('[RT10] what is written is read again', () => {
    const wide = { maxDepth: 50, maxValues: 5_000, maxStringBytes: 100_000 };
    fc.assert(
      fc.property(fc.array(value, { maxLength: 5 }), (values) => {
        expect(readAmf0(writeAmf0(values), 0, wide)).toEqual(values);
      }),
      { seed: 20261121, numRuns: 300 },
    );
  });

  it('[RT10] reads the bytes of the specification', () => {
    // connect, 1, {app: "live"}
    const bytes = Buffer.from('020007636f6e6e656374003ff00000000000000300036170700200046c697665000009', 'hex');
    expect(readAmf0(bytes, 0, limits)).toEqual(['connect', 1, amfObject({ app: 'live' })]);
    expect(Buffer.from(writeAmf0(['connect', 1, amfObject({ app: 'live' })])).equals(bytes)).toBe(true);
  });

  it('[RT10] long strings, typed objects, XML and names that objects of JavaScript own are plain values', () => {
    expect(readAmf0(Buffer.from('0c0000000161', 'hex'), 0, limits)).toEqual(['a']);
    expect(readAmf0(Buffer.from('0f0000000161', 'hex'), 0, limits)).toEqual(['a']);
    expect(readAmf0(Buffer.from('1000015800016105000009', 'hex'), 0, limits)).toEqual([new Map([['a', null]])]);
    const [object] = readAmf0(writeAmf0([new Map([['__proto__', 'x']])]), 0, limits);
    expect(object).toEqual(new Map([['__proto__', 'x']]));
  });

  it('[RT11] depth, count and length are bounded', () => {
    let deep: AmfValue = null;
    for (let i = 0; i <= limits.maxDepth; i += 1) deep = [deep];
    const refused: Uint8Array[] = [
      writeAmf0([deep]),
      writeAmf0(Array<AmfValue>(limits.maxValues + 1).fill(null)),
      writeAmf0([Array<AmfValue>(limits.maxValues).fill(null)]),
      writeAmf0(['x'.repeat(limits.maxStringBytes + 1)]),
      // A list that claims 4,294,967,295 members, a string of as many bytes.
      Buffer.from('0affffffff05', 'hex'),
      Buffer.from('0cffffffff61', 'hex'),
    ];
    for (const bytes of refused) expect(() => readAmf0(bytes, 0, limits)).toThrow(RtmpError);
    expect(readAmf0(writeAmf0(['x'.repeat(limits.maxStringBytes)]), 0, limits)).toHaveLength(1);
  });

  it('[RT11] references, movie clips, record sets and AMF3 are refused, and so is what ends too early', () => {
    for (const hex of [
      '070000',
      '04',
      '0e',
      '1101',
      '12',
      '00',
      '0200',
      '020003',
      '03000161',
      '0101ff',
      '0a00000002',
      '0b00',
    ]) {
      expect(() => readAmf0(Buffer.from(hex, 'hex'), 0, limits), hex).toThrow(RtmpError);
    }
  });

  it('[RT12] any bytes are values or a refusal', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        try {
          readAmf0(bytes, 0, limits);
        } catch (error) {
          expect(error).toBeInstanceOf(RtmpError);
        }
        firstAmfString(bytes, 0, 20);
      }),
      { seed: 20261121, numRuns: 2_000 },
    );
  });
});
