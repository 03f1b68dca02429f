/** One stream with all its viewers: gaps filled, muxed once for each container in use, given to its audiences. */
import { createFlvMuxer } from '../flv/mux.ts';
import { createRtmpMuxer } from '../rtmp/mux.ts';
import { type Audience, createAudience, defaultHoldMs } from './audience.ts';
import { createGapFiller, type GapFillerOptions } from './gap-filler.ts';
import type {
  AudioConfig,
  BroadcastLimits,
  MediaUnit,
  MuxedChunk,
  Muxer,
  StreamFormat,
  TapEvent,
  TappableBroadcast,
  Tracks,
  VideoConfig,
} from './types.ts';
import { createUnitGroup } from './unit-group.ts';

export interface BroadcastOptions {
  readonly tracks: Tracks;
  readonly limits: BroadcastLimits;
  /** Monotonic milliseconds. */
  readonly clock: () => number;
  /** A newcomer waits for a keyframe; the source sees to it that this is sparing. */
  readonly onKeyframeNeeded: () => void;
  /** Made when the first viewer of that container comes, and dropped with the last. */
  readonly muxers?: Readonly<Record<StreamFormat, () => Muxer>>;
  /** How long audio waits to be written with the next picture; {@link defaultHoldMs} unless told, 0 for never. */
  readonly holdMs?: number;
  /** Silence in gaps of the audio, when both kinds are promised; `null` for a source that fills its own. */
  readonly gaps?: Partial<GapFillerOptions> | null;
}

/** A container in use: one muxer, its viewers here and its taps. */
interface Outlet {
  readonly muxer: Muxer;
  readonly audience: Audience;
  readonly taps: Set<(event: TapEvent) => void>;
}

export function createBroadcast(options: BroadcastOptions): TappableBroadcast {
  const { tracks, limits, clock } = options;
  const makers = options.muxers ?? { rtmp: createRtmpMuxer, flv: createFlvMuxer };
  const outlets: { rtmp: Outlet | null; flv: Outlet | null } = { rtmp: null, flv: null };
  const group = createUnitGroup(limits.maxGroupBytes);
  let video: VideoConfig | null = null;
  let audio: AudioConfig | null = null;
  let closed = false;

  const sink = { write: publish };
  const filler =
    tracks.audio && tracks.video && options.gaps !== null ? createGapFiller(sink, options.gaps ?? {}) : sink;

  function chunkOf(muxer: Muxer, unit: MediaUnit): MuxedChunk {
    const bytes = muxer.unit(unit);
    if (unit.kind === 'video' || unit.kind === 'audio') {
      const keyframe = unit.kind === 'video' && unit.keyframe;
      return { kind: unit.kind, keyframe, timestampMs: unit.timestampMs, bytes };
    }
    return { kind: 'config', keyframe: false, timestampMs: 0, bytes };
  }

  function publish(unit: MediaUnit): void {
    if (unit.kind === 'video-config') video = unit;
    if (unit.kind === 'audio-config') audio = unit;
    group.add(unit, clock());
    const isConfig = unit.kind === 'video-config' || unit.kind === 'audio-config';
    for (const outlet of [outlets.flv, outlets.rtmp]) {
      if (outlet === null) continue;
      if (isConfig) {
        const bytes = outlet.muxer.preamble(tracks, video, audio);
        outlet.audience.setPreamble(bytes);
        for (const listener of outlet.taps) listener({ kind: 'preamble', bytes });
      }
      const chunk = chunkOf(outlet.muxer, unit);
      outlet.audience.push(chunk);
      for (const listener of outlet.taps) listener({ kind: 'chunk', chunk, ageMs: 0 });
    }
  }

  /** The container's outlet, made with what a newcomer would need of the past. */
  function open(format: StreamFormat): Outlet {
    const known = outlets[format];
    if (known !== null) return known;
    const outlet: Outlet = {
      muxer: makers[format](),
      audience: createAudience({
        tracks,
        limits,
        clock,
        onKeyframeNeeded: options.onKeyframeNeeded,
        holdMs: options.holdMs ?? defaultHoldMs,
        onEmpty: () => shut(format),
      }),
      taps: new Set(),
    };
    outlets[format] = outlet;
    outlet.audience.setPreamble(outlet.muxer.preamble(tracks, video, audio));
    const age = clock() - group.began;
    if (age < limits.freshGroupMs) {
      for (const unit of group.units) outlet.audience.push(chunkOf(outlet.muxer, unit), age);
    }
    return outlet;
  }

  function shut(format: StreamFormat): void {
    const outlet = outlets[format];
    if (outlet !== null && outlet.audience.viewers === 0 && outlet.taps.size === 0) outlets[format] = null;
  }

  function viewers(): number {
    return (outlets.flv?.audience.viewers ?? 0) + (outlets.rtmp?.audience.viewers ?? 0);
  }

  return {
    tracks,
    get viewers() {
      return viewers();
    },
    write(unit) {
      if (closed) return;
      const kind = unit.kind === 'video' || unit.kind === 'video-config' ? 'video' : 'audio';
      // Players take no notice of a kind that the header does not announce, at best.
      if (tracks[kind]) filler.write(unit);
    },
    addViewer(format, socket) {
      if (closed) throw new Error('the stream has ended');
      if (viewers() >= limits.maxViewers) throw new Error('the stream has as many viewers as are allowed');
      const outlet = open(format);
      try {
        return outlet.audience.addViewer(socket);
      } finally {
        shut(format);
      }
    },
    group: () => group.pictures(),
    tap(format, listener) {
      const outlet = open(format);
      outlet.taps.add(listener);
      listener({ kind: 'preamble', bytes: outlet.muxer.preamble(tracks, video, audio) });
      const age = clock() - group.began;
      if (age < limits.freshGroupMs) {
        for (const unit of group.units) listener({ kind: 'chunk', chunk: chunkOf(outlet.muxer, unit), ageMs: age });
      }
      return {
        requestKeyframe: options.onKeyframeNeeded,
        stop() {
          outlet.taps.delete(listener);
          shut(format);
        },
      };
    },
    close(reason) {
      if (closed) return;
      closed = true;
      for (const outlet of [outlets.flv, outlets.rtmp]) {
        if (outlet === null) continue;
        outlet.audience.close(reason);
        for (const listener of outlet.taps) listener({ kind: 'end', reason });
        outlet.taps.clear();
      }
    },
  };
}
