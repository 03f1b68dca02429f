/** From the media messages of one RTMP publisher (or the tags of an FLV file) to checked units. */
import { createAudioReader } from './audio-reader.ts';
import { noUnits, refuse, type UnitReading, type UnitRefusal } from './refusal.ts';
import { createTimeLine, type TimeLineLimits, type TrackKind } from './time-line.ts';
import { createVideoReader } from './video-reader.ts';

export type { UnitReading, UnitRefusal } from './refusal.ts';

/** A message as RTMP carries it; see `RtmpMedia`. */
export interface MediaMessage {
  readonly kind: 'audio' | 'video' | 'data';
  /** 32-bit milliseconds, as sent. */
  readonly timestamp: number;
  /** Kept by the units made of it. */
  readonly payload: Uint8Array;
}

export interface UnitReaderLimits extends TimeLineLimits {
  readonly maxFrameBytes: number;
  readonly maxAudioBytes: number;
  /** Messages a second, averaged over ten seconds (a phone sends what it held back in one burst). */
  readonly maxMessagesPerSecond: number;
  /** Changes of a configuration within a minute. */
  readonly maxConfigsPerMinute: number;
  /** New beginnings of the timeline within a minute. */
  readonly maxJumpsPerMinute: number;
  /** Times within a minute that stamps may have run ahead of the time by {@link TimeLineLimits.maxStepForwardMs}. */
  readonly maxRunsAheadPerMinute: number;
  /** Bytes kept of the first data message. */
  readonly maxMetadataBytes: number;
}

export const unitReaderDefaults: UnitReaderLimits = {
  maxStepBackMs: 1_000,
  maxStepForwardMs: 10_000,
  maxFrameBytes: 2_000_000,
  maxAudioBytes: 4_096,
  maxMessagesPerSecond: 400,
  maxConfigsPerMinute: 120,
  maxJumpsPerMinute: 30,
  maxRunsAheadPerMinute: 3,
  maxMetadataBytes: 4_096,
};

export interface UnitReader {
  /**
   * Units of one message, in order; after a refusal the publish is to be ended, and every further call answers the same.
   * Never throws.
   * @param now monotonic milliseconds of its arrival.
   */
  read(message: MediaMessage, now: number): UnitReading;
  /** The first data message, cut: AMF0 values, for logs. */
  readonly metadata: Uint8Array | null;
  /** Pictures left out, since no keyframe (or no parameter set) came before them. */
  readonly droppedFrames: number;
}

/** What a log may say: the source's clock jumped by so much and was anchored anew. */
export interface TimeLineNotice {
  readonly kind: 're-anchored';
  readonly track: TrackKind;
  readonly byMs: number;
}

/** @param limits those that differ from {@link unitReaderDefaults}. */
export function createUnitReader(
  limits: Partial<UnitReaderLimits> = {},
  onNotice: (notice: TimeLineNotice) => void = () => {},
): UnitReader {
  const bounds = { ...unitReaderDefaults, ...limits };
  const audio = createAudioReader(bounds);
  const video = createVideoReader(bounds);
  const messages = createBudget(bounds.maxMessagesPerSecond * 10, 10_000);
  const configs = createBudget(bounds.maxConfigsPerMinute, 60_000);
  const jumps = createBudget(bounds.maxJumpsPerMinute, 60_000);
  let refusal: UnitRefusal | null = null;
  let metadata: Uint8Array | null = null;
  let arrival = 0;
  const runs = createBudget(bounds.maxRunsAheadPerMinute, 60_000);
  const timeLine = createTimeLine(
    bounds,
    (track, byMs) => {
      if (!jumps.take(arrival)) refusal = refuse('tooMuch', 'the time stamps jump all the time');
      onNotice({ kind: 're-anchored', track, byMs });
    },
    () => {
      if (!runs.take(arrival)) refusal = refuse('tooMuch', 'the time stamps run ahead of the time');
    },
  );

  function units(message: MediaMessage): UnitReading {
    const { kind, payload, timestamp } = message;
    if (kind === 'data') {
      metadata ??= payload.slice(0, bounds.maxMetadataBytes);
      return noUnits;
    }
    const place = () => timeLine.place(kind, timestamp, arrival);
    return kind === 'audio' ? audio.read(payload, place) : video.read(payload, place);
  }

  return {
    get metadata() {
      return metadata;
    },
    get droppedFrames() {
      return video.dropped;
    },
    read(message, now) {
      if (refusal !== null) return refusal;
      arrival = now;
      if (!messages.take(now)) {
        refusal = refuse('tooMuch', 'too many messages a second');
        return refusal;
      }
      const reading = units(message);
      if (refusal !== null) return refusal;
      if (reading.kind === 'refused') {
        refusal = reading;
      } else if (reading.units[0]?.kind.endsWith('config') && !configs.take(now)) {
        refusal = refuse('tooMuch', 'the configuration changes all the time');
      }
      return refusal ?? reading;
    },
  };
}

/** A token bucket: `count` within `periodMs`, refilled evenly. */
function createBudget(count: number, periodMs: number) {
  let left = count;
  let last: number | null = null;
  return {
    take(now: number): boolean {
      if (last !== null) left = Math.min(count, left + (Math.max(0, now - last) * count) / periodMs);
      last = now;
      left--;
      return left >= 0;
    },
  };
}
