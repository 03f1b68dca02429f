import { MessageChannel } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import { createFlvDemuxer, type FlvTag } from '../flv/demux.ts';
import { createFlvMuxer } from '../flv/mux.ts';
import { createRtmpMuxer } from '../rtmp/mux.ts';
import { createAudience } from './audience.ts';
import { type BroadcastOptions, createBroadcast } from './broadcast.ts';
import { FakeSocket } from './testing/fake-socket.ts';
import { configsOf, makeFlv, probe, unitsOf } from './testing/ffmpeg.ts';
import type { BroadcastLimits, MediaUnit, Muxer, TapEvent } from './types.ts';

const limits: BroadcastLimits = {
  skipBacklogBytes: 256_000,
  maxBacklogBytes: 2_000_000,
  maxSkipMs: 10_000,
  maxViewers: 3,
  freshGroupMs: 300,
  maxGroupBytes: 1_000_000,
};
const units = unitsOf(makeFlv({ seconds: 2, groupFrames: 25, channels: 2 }));
const { video, audio } = configsOf(units);
// ffmpeg puts a frame of sound, the encoder's padding, before the first picture.
const frames = units
  .slice(units.findIndex((unit) => unit.kind === 'video'))
  .filter((unit) => unit.kind === 'video' || unit.kind === 'audio');
const secondKey = frames.filter((unit) => unit.kind === 'video' && unit.keyframe)[1]!.timestampMs;

function scene(options: Partial<BroadcastOptions> = {}) {
  const state = { now: 0, asked: 0, muxed: 0, muxers: 0 };
  const counted = (muxer: Muxer): Muxer => {
    state.muxers++;
    return {
      preamble: (...known) => muxer.preamble(...known),
      unit: (unit) => {
        state.muxed++;
        return muxer.unit(unit);
      },
    };
  };
  const broadcast = createBroadcast({
    tracks: { video: true, audio: true },
    limits,
    clock: () => state.now,
    onKeyframeNeeded: () => {
      state.asked++;
    },
    muxers: { flv: () => counted(createFlvMuxer()), rtmp: () => counted(createRtmpMuxer()) },
    holdMs: 0,
    gaps: null,
    ...options,
  });
  /** Writes units at their time. */
  function write(some: readonly MediaUnit[]): void {
    for (const unit of some) {
      if (unit.kind === 'video' || unit.kind === 'audio') state.now = Math.max(state.now, unit.timestampMs);
      broadcast.write(unit);
    }
  }
  function add(format: 'flv' | 'rtmp' = 'flv') {
    const socket = new FakeSocket();
    return Object.assign(socket, { viewer: broadcast.addViewer(format, socket) });
  }
  return { state, broadcast, write, add };
}

const tagsIn = (bytes: Uint8Array) => createFlvDemuxer().push(bytes).slice(1) as FlvTag[];
const upTo = (ms: number) => frames.filter((unit) => unit.timestampMs < ms);
const from = (ms: number, to = 1e9) => frames.filter((unit) => unit.timestampMs >= ms && unit.timestampMs < to);

describe('a broadcast', () => {
  it('[MS61] what a late viewer gets is played by ffprobe from his first keyframe on, sound and picture together', () => {
    const { write, add } = scene();
    write([video!, audio!]);
    write(upTo(500));
    const late = add();
    write(from(500));
    const found = probe(late.bytes);
    expect(found.video).toMatchObject({ nb_read_frames: '25' });
    expect(Number(found.audio?.nb_read_frames)).toBeGreaterThan(40);
    expect(Math.abs(Number(found.video?.start_time) - Number(found.audio?.start_time))).toBeLessThan(0.04);
  });

  it('[MS62] a container is muxed when it has viewers, once for all of them', () => {
    const { state, write, add } = scene();
    write([video!, audio!]);
    write(upTo(400));
    expect(state).toMatchObject({ muxers: 0, muxed: 0 });
    const one = add();
    const two = add();
    const count = from(400, 1_000).length;
    write(from(400, 1_000));
    expect(state).toMatchObject({ muxers: 1, muxed: count });
    add('rtmp');
    write(from(1_000, 1_500));
    const later = from(1_000, 1_500).length;
    expect(state).toMatchObject({ muxers: 2, muxed: count + 2 * later });
    expect(two.writes.at(-1)).toBe(one.writes.at(-1));
    one.viewer.leave();
    two.viewer.leave();
    write(from(1_500));
    expect(state.muxed).toBe(count + 2 * later + from(1_500).length);
  });

  it('[MS62] the first viewer of a container gets the fresh group, though it was not muxed before', () => {
    const { state, write, add } = scene();
    write([video!, audio!]);
    write(upTo(200));
    const socket = add();
    expect(state.asked).toBe(0);
    const kinds = tagsIn(socket.bytes).map((tag) => tag.kind);
    expect(kinds.slice(0, 3)).toEqual(['data', 'video', 'audio']);
    expect(kinds.length).toBe(3 + upTo(200).length);
  });

  it('[MS63] the group is what the bridge decodes: parameter sets, keyframe, the pictures behind it', () => {
    const { broadcast, write } = scene();
    expect(broadcast.group()).toEqual([]);
    write([video!, audio!]);
    expect(broadcast.group()).toEqual([]);
    write(upTo(1_400));
    const group = broadcast.group();
    expect(group[0]).toBe(video);
    expect(group[1]).toMatchObject({ kind: 'video', keyframe: true, timestampMs: secondKey });
    expect(group).toHaveLength(1 + upTo(1_400).filter((u) => u.kind === 'video' && u.timestampMs >= secondKey).length);
    // Another configuration makes the old pictures useless.
    write([{ ...video!, pps: Uint8Array.of(0x68) }]);
    expect(broadcast.group()).toEqual([]);
  });

  it('[MS63] a group that grows too large is not kept', () => {
    const { broadcast, write } = scene({ limits: { ...limits, maxGroupBytes: 8_000 } });
    write([video!, audio!]);
    write(upTo(900));
    expect(broadcast.group()).toEqual([]);
    const tiny = scene({ limits: { ...limits, maxGroupBytes: 10_000 } });
    tiny.write([video!]);
    const data = Uint8Array.of(0, 0, 0, 1, 0x65);
    tiny.write([{ kind: 'video', keyframe: true, timestampMs: 0, data }]);
    for (let i = 0; i < 50; i++) tiny.write([{ kind: 'audio', timestampMs: i, data: new Uint8Array(1) }]);
    expect(tiny.broadcast.group()).toHaveLength(2);
    for (let i = 0; i < 100; i++) tiny.write([{ kind: 'audio', timestampMs: i, data: new Uint8Array(1) }]);
    expect(tiny.broadcast.group()).toEqual([]);
  });

  it('[MS64] kinds that are not promised are left out', () => {
    const { write, add } = scene({ tracks: { video: false, audio: true } });
    const socket = add();
    write([video!, audio!]);
    write(frames);
    const bytes = Buffer.concat([socket.bytes]);
    expect(bytes[4]).toBe(4);
    expect(tagsIn(bytes).every((tag) => tag.kind !== 'video')).toBe(true);
    expect(probe(bytes)).toMatchObject({ video: null, audio: { codec_name: 'aac' } });
  });

  it('[MS64] pictures alone are played', () => {
    const { write, add } = scene({ tracks: { video: true, audio: false } });
    const socket = add();
    write([video!, audio!]);
    write(frames);
    expect(probe(socket.bytes)).toMatchObject({ audio: null, video: { nb_read_frames: '50' } });
  });

  it('[MS65] a muted phone is silence, which ffmpeg decodes without a complaint', () => {
    const { write, add } = scene({ gaps: {} });
    const socket = add();
    write([video!, audio!]);
    write(frames.filter((unit) => unit.kind === 'video' || unit.timestampMs < 500 || unit.timestampMs > 1_500));
    const sounds = tagsIn(socket.bytes).filter((tag) => tag.kind === 'audio' && tag.payload[1] === 1);
    for (let i = 1; i < sounds.length; i++) {
      expect(sounds[i]!.timestamp - sounds[i - 1]!.timestamp).toBeLessThan(48);
    }
    expect(probe(socket.bytes).audio?.nb_read_frames).toBe(String(sounds.length));
  });

  it('[MS66] viewers of all containers count together, and the end reaches all of them', () => {
    const { broadcast, add } = scene();
    const sockets = [add('flv'), add('rtmp'), add('flv')];
    expect(() => add('rtmp')).toThrow('as many viewers');
    expect(broadcast.viewers).toBe(3);
    broadcast.close('tracks');
    broadcast.close('shutdown');
    expect(sockets.map((socket) => socket.ends)).toEqual([['tracks'], ['tracks'], ['tracks']]);
    expect(broadcast.viewers).toBe(0);
    expect(() => add()).toThrow('ended');
    broadcast.write(video!);
  });
});

describe('a tap', () => {
  it('[MS67] feeds an audience in another thread, whose viewers get what viewers here get', async () => {
    const { state, broadcast, write, add } = scene();
    write([video!, audio!]);
    write(upTo(200));
    const here = add();
    const { port1, port2 } = new MessageChannel();
    const remote = createAudience({
      tracks: broadcast.tracks,
      limits,
      clock: () => 1e6 + state.now,
      onKeyframeNeeded: () => port2.postMessage('keyframe'),
      holdMs: 0,
    });
    const ended = new Promise<void>((resolve) => {
      port2.on('message', (event: TapEvent) => {
        if (event.kind === 'preamble') remote.setPreamble(event.bytes);
        else if (event.kind === 'chunk') remote.push(event.chunk, event.ageMs);
        else {
          remote.close(event.reason);
          resolve();
        }
      });
    });
    const events: TapEvent['kind'][] = [];
    const tap = broadcast.tap('flv', (event) => {
      events.push(event.kind);
      port1.postMessage(event);
    });
    port1.on('message', tap.requestKeyframe);
    expect(events.slice(0, 2)).toEqual(['preamble', 'chunk']);
    expect(events).toHaveLength(1 + upTo(200).length);
    const there = new FakeSocket();
    // Comes once the messages so far are there.
    await new Promise<void>((resolve) => {
      port2.once('message', () => setImmediate(resolve));
    });
    remote.addViewer(there);
    write(from(200));
    broadcast.close('source-ended');
    await ended;
    port1.close();
    expect(there.ends).toEqual(['source-ended']);
    expect(there.bytes.equals(here.bytes)).toBe(true);
  });

  it('[MS67] keeps its container in use until it stops, and counts as no viewer', () => {
    const { state, broadcast, write } = scene();
    write([video!, audio!]);
    const events: TapEvent[] = [];
    const tap = broadcast.tap('rtmp', (event) => events.push(event));
    write(upTo(200));
    expect(broadcast.viewers).toBe(0);
    expect(events.filter((event) => event.kind === 'chunk')).toHaveLength(upTo(200).length);
    tap.requestKeyframe();
    expect(state.asked).toBe(1);
    tap.stop();
    const muxed = state.muxed;
    write(from(200));
    expect(state.muxed).toBe(muxed);
    broadcast.close('shutdown');
    expect(events.at(-1)?.kind).toBe('chunk');
  });
});
