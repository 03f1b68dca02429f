import { describe, expect, test } from 'vitest';
import type { BridgeOutput, CodecSink } from '../codec/types.ts';
import type { VideoConfig, VideoFrame } from '../stream/types.ts';
import { Bridge } from './bridge.ts';
import { type BridgeLimits, bridgeDefaults } from './bridge-types.ts';
import { FakeBridge } from './testing/fake-bridge.ts';
import { FakePhone, makeConfig, makePicture, type Picture, readPicture, Viewer } from './testing/pictures.ts';

const FRAME_MS = 33;
const limits: BridgeLimits = { ...bridgeDefaults, intervalMs: 1_000, leadMs: 40 };

/** A phone, its bridge and one viewer who has been there from the beginning, on a clock of their own. */
class Scene {
  now = 10_000;
  /** Stream time less clock. */
  readonly phone = new FakePhone();
  readonly viewer = new Viewer();
  readonly jobs: FakeBridge[] = [];
  /** What each bridge talks to. */
  readonly sinks: CodecSink<BridgeOutput>[] = [];
  readonly sent: { picture: Picture; at: number; frame: VideoFrame; parameters: VideoConfig | null }[] = [];
  places = Number.POSITIVE_INFINITY;
  groupKept = true;
  readonly bridge: Bridge;
  #ms = 0;

  constructor(over: Partial<BridgeLimits> = {}) {
    this.bridge = new Bridge(
      {
        clock: () => this.now,
        group: () => (this.groupKept ? this.phone.group : []),
        send: (frame, parameters) => {
          this.sent.push({ picture: this.viewer.see(frame, parameters), at: this.now, frame, parameters });
        },
        open: (encodeFromMs, sink) => {
          if (this.jobs.filter((job) => !job.closed && !job.over).length > 0) throw new Error('two bridges at once');
          if (this.places <= 0) return null;
          const job = new FakeBridge(this.jobs.length + 1, encodeFromMs, sink);
          this.jobs.push(job);
          this.sinks.push(sink);
          return job;
        },
      },
      { ...limits, ...over },
    );
    this.bridge.configure(this.phone.config);
  }

  get job(): FakeBridge {
    return this.jobs.at(-1)!;
  }

  /** The phone's next picture, one frame later. */
  frame(keyframe = false, afterMs = FRAME_MS): VideoFrame {
    this.now += afterMs;
    this.#ms += afterMs;
    const frame = this.phone.picture(keyframe, this.#ms);
    this.bridge.frame(frame);
    return frame;
  }

  frames(count: number): void {
    for (let i = 0; i < count; i++) this.frame();
  }

  reconfigure(): void {
    this.bridge.configure(this.phone.reconfigure());
  }

  /** Encoder and number of each picture that went out, since. */
  log(from = 0): string {
    return this.sent
      .slice(from)
      .map(({ picture }) => `${picture.encoder === 0 ? 'p' : 'b'}${picture.index}${picture.reference < 0 ? '!' : ''}`)
      .join(' ');
  }
}

/** A scene that has passed an IDR and ten pictures. */
function running(over: Partial<BridgeLimits> = {}): Scene {
  const scene = new Scene(over);
  scene.frame(true);
  scene.frames(10);
  return scene;
}

/** Frames until the bridge may begin, which is answered at once. */
function crossing(scene: Scene): void {
  while (scene.job.waiting === 0) scene.frame();
  scene.job.answer();
}

describe('passing', () => {
  test('[IN30] nothing goes out before a keyframe', () => {
    const scene = new Scene();
    scene.frame();
    scene.frame(true);
    scene.frame();
    expect(scene.log()).toBe('p1! p2');
  });

  test('[IN30] parameter sets that change go out with the keyframe that they belong to', () => {
    const scene = running();
    scene.reconfigure();
    scene.frame();
    scene.frame(true);
    expect(scene.sent.at(-1)?.parameters).toEqual(makeConfig(0, 1));
  });
});

describe('a newcomer', () => {
  test('[IN31] gets an IDR of the picture that is shown, and nobody misses or repeats one', () => {
    const scene = running();
    const before = scene.sent.length;
    scene.bridge.want();
    expect(scene.jobs).toHaveLength(1);
    expect(scene.job.encodeFromMs).toBeGreaterThan(scene.sent.at(-1)!.frame.timestampMs);
    crossing(scene);
    for (let i = 0; i < 3; i++) {
      scene.frame();
      scene.job.answer();
    }
    scene.frame(true);
    scene.frame();
    expect(scene.log(before)).toBe('p11 b12! b13 b14 b15 p16! p17');
    expect(scene.viewer.skipped).toBe(0);
    expect(scene.job.closed).toBe(true);
  });

  test('[IN31] the phone’s pictures go out as they are while the bridge is set up, and are held for its first picture', () => {
    const scene = running({ leadMs: 100 });
    scene.bridge.want();
    const before = scene.sent.length;
    scene.frames(3);
    expect(scene.log(before)).toBe('p11 p12 p13');
    scene.frame();
    expect(scene.log(before)).toBe('p11 p12 p13');
    scene.job.answer();
    expect(scene.log(before)).toBe('p11 p12 p13 b14!');
  });

  test('[IN32] a bridge that is late makes nobody wait: it begins at a later picture, when it has caught up', () => {
    const scene = running();
    scene.bridge.want();
    const before = scene.sent.length;
    while (scene.job.waiting === 0) scene.frame();
    const heldAt = scene.now;
    while (scene.sent.length <= before + 1) scene.frame();
    expect(scene.now - heldAt).toBeLessThanOrEqual(limits.holdMs + FRAME_MS);
    scene.frames(3);
    expect(scene.log(before)).toBe('p11 p12 p13 p14 p15 p16 p17');
    scene.job.answer();
    scene.frame();
    expect(scene.viewer.encoder).toBe(0);
    while (scene.job.answer()) {
      // It catches up.
    }
    expect(scene.log(before)).toBe('p11 p12 p13 p14 p15 p16 p17 p18');
    scene.frame();
    scene.job.answer();
    scene.frame();
    scene.job.answer();
    expect(scene.log(before)).toBe('p11 p12 p13 p14 p15 p16 p17 p18 b19! b20');
    expect(scene.jobs).toHaveLength(1);
  });

  test('[IN32] one that does not catch up is given up, and whoever waits is not forgotten', () => {
    const scene = running();
    scene.bridge.want();
    while (scene.jobs.length < 2) scene.frame();
    expect(scene.jobs[0]!.closed).toBe(true);
    expect(scene.viewer.skipped).toBe(0);
    crossing(scene);
    expect(scene.viewer.encoder).toBe(2);
  });

  test('[IN32] the next bridge is begun earlier when one came late', () => {
    const scene = running();
    scene.bridge.want();
    while (scene.job.waiting === 0) scene.frame();
    const first = scene.job.encodeFromMs - scene.sent.at(-1)!.frame.timestampMs;
    scene.now += 45;
    scene.job.answer();
    scene.frame(true);
    scene.frames(40);
    const last = scene.sent.at(-1)!.frame.timestampMs;
    scene.bridge.want();
    expect(first).toBeLessThanOrEqual(limits.leadMs);
    expect(scene.job.encodeFromMs - last).toBeGreaterThan(limits.leadMs + 15);
  });

  test('[IN33] the phone’s own keyframe while a bridge is set up makes it needless', () => {
    const scene = running();
    scene.bridge.want();
    while (scene.job.waiting === 0) scene.frame();
    const before = scene.sent.length;
    scene.frame(true);
    expect(scene.job.closed).toBe(true);
    expect(scene.log(before)).toBe('p12 p13!');
    scene.frames(60);
    expect(scene.jobs).toHaveLength(1);
  });

  test('[IN33] the phone’s keyframe waits for the pictures before it', () => {
    const scene = running();
    scene.bridge.want();
    crossing(scene);
    scene.frames(2);
    const before = scene.sent.length;
    scene.frame(true, 5);
    scene.reconfigure();
    scene.frame(false, 5);
    scene.frame(true, 5);
    expect(scene.log(before)).toBe('');
    scene.job.answer();
    expect(scene.log(before)).toBe('b13');
    scene.job.answer();
    expect(scene.log(before)).toBe('b13 b14 p15! p16 p17!');
    expect(scene.sent.at(-3)?.parameters).toEqual(makeConfig(0, 0));
    expect(scene.sent.at(-1)?.parameters).toEqual(makeConfig(0, 1));
  });

  test('[IN33] … but not longer than pictures may be held', () => {
    const scene = running();
    scene.bridge.want();
    crossing(scene);
    scene.frame();
    scene.frame(true);
    const before = scene.sent.length;
    while (scene.sent.length === before) scene.frame();
    expect(readPicture(scene.sent[before]!.frame).reference).toBe(-1);
    expect(scene.viewer.longestSkip).toBe(1);
  });

  test('[IN34] gets another keyframe of the bridge that is at work, one for all who ask at a time', () => {
    const scene = running();
    scene.bridge.want();
    crossing(scene);
    for (let i = 0; i < 20; i++) {
      scene.bridge.want();
      scene.frame();
      scene.job.answer();
    }
    expect(scene.jobs).toHaveLength(1);
    expect(scene.job.keyframeRequests).toBe(2);
    expect(scene.viewer.keyframes).toBe(4);
  });

  test('[IN35] a keyframe that has just gone out is his, and one that is due is waited for', () => {
    const fresh = running();
    fresh.frame(true);
    fresh.frame();
    fresh.bridge.want();
    fresh.frames(60);
    expect(fresh.jobs).toHaveLength(0);

    const due = running();
    for (let group = 0; group < 3; group++) {
      due.frame(true);
      due.frames(29);
    }
    due.bridge.want();
    expect(due.jobs).toHaveLength(0);
    due.frame(true);
    due.frames(60);
    expect(due.jobs).toHaveLength(0);
  });

  test('[IN35] a keyframe that was due and did not come is not waited for longer', () => {
    const scene = running();
    for (let group = 0; group < 3; group++) {
      scene.frame(true);
      scene.frames(29);
    }
    scene.bridge.want();
    scene.frames(6);
    expect(scene.jobs).toHaveLength(1);
  });

  test('[IN36] waits out the interval between two bridges, or for the phone’s keyframe', () => {
    const scene = running();
    scene.bridge.want();
    const opened = scene.now;
    crossing(scene);
    scene.frame(true);
    scene.frames(5);
    scene.bridge.want();
    while (scene.jobs.length < 2) scene.frame();
    expect(scene.now - opened).toBeGreaterThanOrEqual(limits.intervalMs);
  });

  test('[IN36] without a place in the pool waits for the phone’s keyframe; the pool is asked sparingly', () => {
    const scene = running();
    scene.places = 0;
    scene.bridge.want();
    scene.frames(10);
    expect(scene.viewer.keyframes).toBe(1);
    scene.frame(true);
    expect(scene.viewer.keyframes).toBe(2);
    expect(scene.viewer.skipped).toBe(0);
  });

  test('[IN36] no bridge is made of a group that is not kept, lacks a picture, or tells nothing of now', () => {
    const none = running();
    none.groupKept = false;
    none.bridge.want();
    none.frames(3);
    expect(none.jobs).toHaveLength(0);

    const paused = running();
    paused.now += 5_000;
    paused.bridge.want();
    expect(paused.jobs).toHaveLength(0);

    const muted = running();
    muted.bridge.stop();
    muted.bridge.want();
    muted.frames(5);
    expect(muted.jobs).toHaveLength(0);
    muted.frame(true);
    expect(muted.bridge.state).toBe('passing');
  });

  test('[IN36] with nobody watching, the bridge begins at the picture that is there', () => {
    const scene = new Scene();
    scene.phone.picture(true, -66);
    scene.phone.picture(false, -33);
    scene.frame();
    expect(scene.bridge.state).toBe('holding');
    scene.bridge.want();
    expect(scene.job.waiting).toBe(1);
    scene.job.answer();
    expect(scene.log()).toBe('b2!');
  });
});

describe('a bridge that ends', () => {
  test('[IN37] while it is set up costs nobody a picture', () => {
    const scene = running();
    scene.bridge.want();
    scene.frames(3);
    scene.job.end();
    scene.frame();
    expect(scene.log(11)).toBe('p11 p12 p13 p14');
  });

  test('[IN37] in the middle: nothing goes out until the phone’s keyframe', () => {
    const scene = running();
    scene.bridge.want();
    crossing(scene);
    scene.frame();
    scene.job.end();
    const before = scene.sent.length;
    scene.frames(3);
    expect(scene.log(before)).toBe('');
    scene.frame(true);
    scene.frame();
    expect(scene.log(before)).toBe('p17! p18');
  });

  test('[IN37] … or that of another bridge, after the interval', () => {
    const scene = running();
    scene.bridge.want();
    crossing(scene);
    scene.job.end();
    while (scene.jobs.length < 2) scene.frame();
    expect(scene.job.waiting).toBe(1);
    scene.job.answer();
    scene.frame();
    scene.job.answer();
    expect(scene.viewer.encoder).toBe(2);
  });

  test('[IN37] one that hangs is taken for dead', () => {
    const scene = running();
    scene.bridge.want();
    crossing(scene);
    const first = scene.job;
    for (let i = 0; i < 100 && !first.closed; i++) scene.frame();
    expect(first.closed).toBe(true);
    expect(scene.bridge.state).toBe('holding');
  });

  test('[IN37] a late word of one that was dismissed is not heard', () => {
    const scene = running();
    scene.bridge.want();
    crossing(scene);
    const next = scene.phone.next;
    const ms = scene.sent.at(-1)!.frame.timestampMs;
    scene.frame(true);
    scene.frame();
    const before = scene.sent.length;
    scene.sinks[0]!.onOutput(makePicture({ encoder: 1, index: next + 5, number: 1, reference: 0 }, ms + 500));
    scene.sinks[0]!.onEnd('crashed');
    scene.frame();
    expect(scene.log(before)).toBe(`p${next + 2}`);

    // Nor while another is at work.
    scene.frames(5);
    scene.bridge.want();
    while (scene.jobs.length < 2) scene.frame();
    crossing(scene);
    scene.sinks[0]!.onOutput(makePicture({ encoder: 1, index: 999, number: 2, reference: 1 }, ms + 90_000));
    scene.sinks[0]!.onEnd('crashed');
    scene.frame();
    scene.job.answer();
    expect(scene.viewer.encoder).toBe(2);
  });

  test('[IN37] one that makes what it should not is given up', () => {
    const old = running();
    old.bridge.want();
    crossing(old);
    const { timestampMs } = old.sent.at(-1)!.frame;
    old.sinks[0]!.onOutput(makePicture({ encoder: 1, index: 5, number: 1, reference: 0 }, timestampMs - 100));
    expect(old.job.closed).toBe(true);
    expect(old.bridge.state).toBe('holding');

    const bare = running();
    bare.bridge.want();
    while (bare.job.waiting === 0) bare.frame();
    const at = bare.job.encodeFromMs + 10;
    bare.sinks[0]!.onOutput(makePicture({ encoder: 1, index: 12, number: 0, reference: -1 }, at));
    expect(bare.job.closed).toBe(true);
    expect(bare.viewer).toMatchObject({ encoder: 0, skipped: 0 });

    const early = running();
    early.bridge.want();
    early.sinks[0]!.onOutput(makeConfig(1));
    early.sinks[0]!.onOutput(makePicture({ encoder: 1, index: 11, number: 0, reference: 3 }, 99_999));
    expect(early.job.closed).toBe(true);
    expect(early.bridge.state).toBe('passing');
  });
});
