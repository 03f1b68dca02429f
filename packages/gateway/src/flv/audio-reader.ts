import { readAacConfig } from '../aac/config.ts';
import type { AudioConfig, MediaUnit } from '../stream/types.ts';
import { audioName } from './codec-names.ts';
import { bad, noUnits, refuse, type UnitReading } from './refusal.ts';

/** Reads the audio bodies of one publisher. */
export interface AudioReader {
  /** @param place gives the message its place on the timeline; called for frames only. */
  read(body: Uint8Array, place: () => number): UnitReading;
}

/** @param maxFrameBytes bytes of one frame: AAC has at most 768 for each channel, PCE and fill left aside. */
export function createAudioReader(limits: { readonly maxAudioBytes: number }): AudioReader {
  let config: AudioConfig | null = null;

  function onConfig(record: Uint8Array): UnitReading {
    const read = readAacConfig(record);
    if (read.kind === 'refused') return bad(read.detail);
    const asc = read.asc;
    if (config !== null && config.asc[0] === asc[0] && config.asc[1] === asc[1]) return noUnits;
    config = { kind: 'audio-config', asc, sampleRate: read.sampleRate, channels: read.channels };
    return { kind: 'units', units: [config] };
  }

  return {
    read(body, place) {
      // Some encoders send an empty message when the microphone is switched.
      if (body.length === 0) return noUnits;
      if ((body[0] ?? 0) >> 4 !== 10) return bad(`the sound is ${audioName(body)}: send AAC-LC`);
      if (body.length < 2) return noUnits;
      if (body[1] === 0) return onConfig(body.subarray(2));
      if (body[1] !== 1) return bad(`AAC packet type ${body[1]} is not known`);
      if (config === null) return noUnits;
      const data = withoutAdts(body.subarray(2));
      if (data.length === 0) return noUnits;
      if (data.length > limits.maxAudioBytes) return refuse('tooMuch', 'an AAC frame is too long');
      const unit: MediaUnit = { kind: 'audio', timestampMs: place(), data };
      return { kind: 'units', units: [unit] };
    },
  };
}

/**
 * Takes off an ADTS header (ISO 14496-3 §1.A.2.2), which some encoders leave on. A raw frame cannot begin with its twelve
 * ones: that would be the end of the frame (ID_END) with more behind it.
 */
function withoutAdts(frame: Uint8Array): Uint8Array {
  if (frame.length < 7 || frame[0] !== 0xff || ((frame[1] ?? 0) & 0xf6) !== 0xf0) return frame;
  const length = (((frame[3] ?? 0) & 3) << 11) | ((frame[4] ?? 0) << 3) | ((frame[5] ?? 0) >> 5);
  const header = ((frame[1] ?? 0) & 1) === 1 ? 7 : 9;
  return length === frame.length && frame.length >= header ? frame.subarray(header) : frame;
}
