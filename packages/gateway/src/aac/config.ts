/** AudioSpecificConfig of AAC-LC (ISO 14496-3 §1.6.2.1). */

/** samplingFrequencyIndex → Hz (table 1.18). */
export const sampleRates: readonly number[] = [
  96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000, 7_350,
];

/** Samples of one frame and channel. */
export const samplesPerFrame = 1_024;

/** A configuration that is passed on, in its shortest form. */
export interface AacConfig {
  readonly kind: 'aac-lc';
  /** Two bytes. */
  readonly asc: Uint8Array;
  readonly sampleRate: number;
  readonly channels: 1 | 2;
}

/** Why a configuration is not taken, as a plain sentence. */
export interface AacRefusal {
  readonly kind: 'refused';
  readonly detail: string;
}

const objectNames: Readonly<Record<number, string>> = {
  1: 'AAC Main',
  3: 'AAC SSR',
  4: 'AAC LTP',
  5: 'HE-AAC',
  22: 'ER BSAC',
  23: 'AAC LD',
  29: 'HE-AAC v2',
  39: 'AAC ELD',
};

/**
 * Reads an AudioSpecificConfig and cuts it to two bytes. AAC-LC alone is taken, mono or stereo. HE-AAC is refused, also
 * where it is signalled backward-compatibly: cut to its core it would play, but half of the players would find the upper
 * half of the spectrum in the frames and double the sample rate in mid-stream, and the other half would not.
 */
export function readAacConfig(bytes: Uint8Array): AacConfig | AacRefusal {
  const at = { bit: 0 };
  const objectType = readObjectType(bytes, at);
  const index = take(bytes, at, 4);
  const explicit = index === 15 ? take(bytes, at, 24) : null;
  const channels = take(bytes, at, 4);
  if (objectType === null || index === null || channels === null) return refuse('the AAC configuration is cut short');
  if (objectType !== 2) {
    const name = objectNames[objectType] ?? `audio object type ${objectType}`;
    return refuse(`${name} is not supported: send AAC-LC`);
  }
  // A rate written out is the same as its index, when it is one of the standard's.
  const frequencyIndex = explicit === null ? index : sampleRates.indexOf(explicit);
  const sampleRate = sampleRates[frequencyIndex];
  if (sampleRate === undefined) return refuse('the AAC sample rate is not a standard one');
  if (channels !== 1 && channels !== 2) {
    return refuse(`AAC channel configuration ${channels} is not supported: send mono or stereo`);
  }
  const shortFrames = take(bytes, at, 1);
  const dependsOnCore = take(bytes, at, 1);
  const extension = take(bytes, at, 1);
  if (shortFrames === null || dependsOnCore === null || extension === null) {
    return refuse('the AAC configuration is cut short');
  }
  if (shortFrames === 1) return refuse('AAC frames of 960 samples are not supported: send 1,024');
  if (dependsOnCore === 1 || extension === 1) return refuse('scalable AAC is not supported: send AAC-LC');
  if (signalsSbr(bytes, at)) return refuse('HE-AAC is not supported: send AAC-LC');
  return { kind: 'aac-lc', asc: makeAsc(frequencyIndex, channels), sampleRate, channels };
}

/** The 2-byte configuration of AAC-LC. */
export function makeAsc(frequencyIndex: number, channels: 1 | 2): Uint8Array {
  const bits = (2 << 11) | (frequencyIndex << 7) | (channels << 3);
  return Uint8Array.of(bits >> 8, bits & 0xff);
}

/** The sync extension after the configuration (§1.6.2.1, 0x2b7): object type 5, then sbrPresentFlag. */
function signalsSbr(bytes: Uint8Array, at: { bit: number }): boolean {
  if (take(bytes, at, 11) !== 0x2b7) return false;
  return readObjectType(bytes, at) === 5 && take(bytes, at, 1) === 1;
}

function readObjectType(bytes: Uint8Array, at: { bit: number }): number | null {
  const type = take(bytes, at, 5);
  if (type !== 31) return type;
  const more = take(bytes, at, 6);
  return more === null ? null : 32 + more;
}

function take(bytes: Uint8Array, at: { bit: number }, count: number): number | null {
  if (at.bit + count > bytes.length * 8) return null;
  let value = 0;
  for (let i = 0; i < count; i++, at.bit++) {
    value = value * 2 + (((bytes[at.bit >> 3] ?? 0) >> (7 - (at.bit & 7))) & 1);
  }
  return value;
}

function refuse(detail: string): AacRefusal {
  return { kind: 'refused', detail };
}
