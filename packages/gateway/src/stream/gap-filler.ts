/** Silence where a source's audio stops while its pictures go on: a player freezes on a gap. */
import { makeAsc, samplesPerFrame } from '../aac/config.ts';
import { silentFrame } from '../aac/silence.ts';
import type { AudioConfig, AudioFrame, MediaUnit, UnitSink } from '../stream/types.ts';

export interface GapFillerOptions {
  /** Audio that is so much later than the pictures (and than it has lately been) has stopped. */
  readonly gapMs: number;
  /** Pictures without any audio for so long get silence, and a configuration of ours if there is none. */
  readonly firstAudioMs: number;
  /** A longer gap is not filled: pictures have one there as well. */
  readonly maxFillMs: number;
}

export const gapFillerDefaults: GapFillerOptions = { gapMs: 100, firstAudioMs: 1_000, maxFillMs: 10_000 };

/** What phones send most: 44.1 kHz, mono. */
const assumed: AudioConfig = { kind: 'audio-config', asc: makeAsc(4, 1), sampleRate: 44_100, channels: 1 };

/**
 * Passes units on and puts silent frames between them, one after the other on the sample grid of the last real frame.
 * Real frames that begin before the silence ends are left out, so no two overlap. How far audio usually comes behind the
 * pictures is learnt from what arrives: a source whose audio is always late is not taken for mute, after one mistake.
 */
export function createGapFiller(sink: UnitSink, options: Partial<GapFillerOptions> = {}): UnitSink {
  const { gapMs, firstAudioMs, maxFillMs } = { ...gapFillerDefaults, ...options };
  let config: AudioConfig | null = null;
  let frameMs = 0;
  /** Where the next audio frame is due; null before the first. */
  let due: number | null = null;
  let filling = false;
  let firstVideo: number | null = null;
  let lastVideo = 0;
  /** How far audio has lately been behind the pictures when it came. */
  let lag = 0;

  function onConfig(unit: AudioConfig): void {
    config = unit;
    frameMs = (samplesPerFrame * 1_000) / unit.sampleRate;
    sink.write(unit);
  }

  function fillUpTo(end: number): void {
    if (config === null || due === null) return;
    const data = silentFrame(config.channels);
    while (due + frameMs <= end) {
      sink.write({ kind: 'audio', timestampMs: Math.round(due), data });
      due += frameMs;
    }
  }

  function onVideo(timestampMs: number): void {
    firstVideo ??= timestampMs;
    lastVideo = timestampMs;
    if (config === null && timestampMs - firstVideo > firstAudioMs) onConfig(assumed);
    if (config === null) return;
    // A source that begins mute: silence from where its pictures are now.
    if (due === null) {
      if (timestampMs - firstVideo <= firstAudioMs) return;
      due = timestampMs - gapMs;
    }
    const end = timestampMs - lag;
    if (!filling && end - due <= gapMs) return;
    if (end - due > maxFillMs) due = end;
    filling = true;
    fillUpTo(end);
  }

  function onAudio(unit: AudioFrame): void {
    lag = firstVideo === null ? 0 : Math.max(lastVideo - unit.timestampMs, lag - 1, 0);
    if (filling && due !== null) {
      if (unit.timestampMs < due - frameMs / 2) return;
      fillUpTo(unit.timestampMs + frameMs / 2);
      filling = false;
    }
    // Half a frame of overlap at most, when silence ended in mid-frame; stamps still never go back.
    const timestampMs = due === null ? unit.timestampMs : Math.max(unit.timestampMs, Math.round(due - frameMs));
    due = unit.timestampMs + frameMs;
    sink.write(timestampMs === unit.timestampMs ? unit : { ...unit, timestampMs });
  }

  return {
    write(unit: MediaUnit) {
      if (unit.kind === 'audio-config') return onConfig(unit);
      if (unit.kind === 'audio') return onAudio(unit);
      if (unit.kind === 'video') onVideo(unit.timestampMs);
      sink.write(unit);
    },
  };
}
