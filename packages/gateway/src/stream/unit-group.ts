import type { MediaUnit, VideoConfig, VideoFrame } from './types.ts';

/** The units since the last keyframe, bounded. */
export interface UnitGroup {
  /** Takes the next unit. */
  add(unit: MediaUnit, now: number): void;
  /** Keyframe first, with the audio between the pictures; empty when none is kept. */
  readonly units: readonly MediaUnit[];
  /** When the keyframe came, by the clock of `add`. */
  readonly began: number;
  /** Parameter sets and pictures alone. */
  pictures(): readonly (VideoConfig | VideoFrame)[];
}

// So that a group of many tiny frames is bounded too.
const bytesPerUnit = 100;

/** @param maxBytes a longer group is not kept. */
export function createUnitGroup(maxBytes: number): UnitGroup {
  let config: VideoConfig | null = null;
  let units: MediaUnit[] = [];
  let bytes = 0;
  let began = Number.NEGATIVE_INFINITY;

  function drop(): void {
    units = [];
    began = Number.NEGATIVE_INFINITY;
  }

  return {
    get units() {
      return units;
    },
    get began() {
      return began;
    },
    add(unit, now) {
      if (unit.kind === 'video-config') {
        config = unit;
        return drop();
      }
      // Frames before it do not go with a new audio configuration; a newcomer begins with the next keyframe.
      if (unit.kind === 'audio-config') return drop();
      if (unit.kind === 'video' && unit.keyframe) {
        drop();
        began = now;
        bytes = 0;
      } else if (units.length === 0) {
        return;
      }
      units.push(unit);
      bytes += unit.data.length + bytesPerUnit;
      if (bytes > maxBytes) drop();
    },
    pictures() {
      const pictures: (VideoConfig | VideoFrame)[] = [];
      for (const unit of units) if (unit.kind === 'video') pictures.push(unit);
      return config === null || pictures.length === 0 ? [] : [config, ...pictures];
    },
  };
}
