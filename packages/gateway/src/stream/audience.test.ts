import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type AudienceOptions, createAudience } from './audience.ts';
import { FakeSocket } from './testing/fake-socket.ts';
import type { BroadcastLimits, MuxedChunk } from './types.ts';

const limits: BroadcastLimits = {
  skipBacklogBytes: 1_000,
  maxBacklogBytes: 5_000,
  maxSkipMs: 10_000,
  maxViewers: 100,
  freshGroupMs: 300,
  maxGroupBytes: 100_000,
};

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** An audience whose chunks are words: `K0` a keyframe, `P40` another picture, `a23` sound, `C` a configuration. */
function scene(options: Partial<AudienceOptions> = {}) {
  const state = { now: 0, asked: 0, empty: 0 };
  const audience = createAudience({
    tracks: { video: true, audio: true },
    limits,
    clock: () => state.now,
    onKeyframeNeeded: () => {
      state.asked++;
    },
    onEmpty: () => {
      state.empty++;
    },
    holdMs: 0,
    ...options,
  });
  audience.setPreamble(Buffer.from('<1>'));
  function push(...words: string[]): void {
    for (const word of words) {
      const letter = word[0];
      const kind = letter === 'a' ? 'audio' : letter === 'C' ? 'config' : 'video';
      const timestampMs = Number(word.slice(1)) || 0;
      audience.push({ kind, keyframe: letter === 'K', timestampMs, bytes: Buffer.from(`${word} `) });
    }
  }
  function add(): FakeSocket & { viewer: ReturnType<typeof audience.addViewer> } {
    const socket = new FakeSocket();
    return Object.assign(socket, { viewer: audience.addViewer(socket) });
  }
  return { state, audience, push, add };
}

describe('a newcomer', () => {
  it('[MS50] gets the group when its keyframe is fresh, and goes on from there', () => {
    const { state, push, add } = scene();
    const first = add();
    push('K0', 'a5', 'P40');
    state.now = 299;
    const second = add();
    push('a45');
    expect(second.text).toBe('<1>K0 a5 P40 a45 ');
    expect(second.text).toBe(first.text);
    expect(state.asked).toBe(1);
  });

  it('[MS50] waits for the next keyframe when the group is older, and one is asked for', () => {
    const { state, push, add } = scene();
    push('K0', 'P40');
    add();
    push('P80');
    state.now = 300;
    const late = add();
    expect(state.asked).toBe(1);
    push('P120', 'a120', 'a140', 'K160', 'a161', 'P200');
    expect(late.text).toBe('<1>K160 a161 P200 ');
  });

  it('[MS51] hears nothing from before his first keyframe, also when it comes behind it', () => {
    const { push, add } = scene();
    const live = add();
    push('K0', 'a0');
    const late = add();
    expect(late.text).toBe('<1>K0 a0 ');
    const { push: push2, add: add2 } = scene();
    const newcomer = add2();
    push2('K100', 'a60', 'P140', 'a83', 'a106', 'a90');
    expect(newcomer.text).toBe('<1>K100 P140 a106 a90 ');
    expect(live.text).toBe('<1>K0 a0 ');
  });

  it('[MS52] without pictures begins with the next sound; without sound is live at once', () => {
    const sound = scene({ tracks: { video: false, audio: true } });
    sound.push('C', 'a0');
    const listener = sound.add();
    expect(sound.state.asked).toBe(0);
    sound.push('a23', 'a46');
    expect(listener.text).toBe('<1>a23 a46 ');

    const picture = scene({ tracks: { video: true, audio: false } });
    const watcher = picture.add();
    picture.push('K0', 'P40');
    expect(watcher.text).toBe('<1>K0 P40 ');
  });

  it('[MS53] has the configuration in his preamble, and those who watch have it in the stream', () => {
    const { audience, push, add } = scene();
    const live = add();
    push('K0');
    audience.setPreamble(Buffer.from('<2>'));
    push('C');
    // The old group does not go with the new configuration.
    const late = add();
    expect(late.text).toBe('');
    push('K40', 'P80');
    expect(live.text).toBe('<1>K0 C K40 P80 ');
    expect(late.text).toBe('<2>K40 P80 ');
  });

  it('[MS54] is refused beyond the limit and after the end', () => {
    const { audience, add } = scene({ limits: { ...limits, maxViewers: 2 } });
    const one = add();
    add();
    expect(() => add()).toThrow('as many viewers');
    one.viewer.leave();
    add();
    expect(audience.viewers).toBe(2);
    audience.close('source-ended');
    expect(() => add()).toThrow('ended');
  });

  it('[MS50] an old group handed over with its age is not fresh', () => {
    const { audience, state, add } = scene();
    state.now = 1_000;
    const chunk: MuxedChunk = { kind: 'video', keyframe: true, timestampMs: 0, bytes: Buffer.from('K0 ') };
    audience.push(chunk, 300);
    expect(add().text).toBe('');
    audience.push(chunk, 100);
    expect(add().text).toBe('<1>K0 ');
  });
});

describe('a viewer who does not keep up', () => {
  it('[MS55] misses pictures until a keyframe finds him at half the bound; sound and configurations go on', () => {
    const { push, add } = scene();
    const slow = add();
    const other = add();
    push('K0', 'a0', 'P40');
    slow.backlog = 1_001;
    push('P80', 'a80', 'K120', 'C', 'P160');
    slow.backlog = 500;
    push('P200', 'a200', 'K240', 'P280');
    expect(slow.text).toBe('<1>K0 a0 P40 a80 C a200 K240 P280 ');
    expect(other.text).toBe('<1>K0 a0 P40 P80 a80 K120 C P160 P200 a200 K240 P280 ');
  });

  it('[MS55] without pictures misses sound until he has caught up', () => {
    const { push, add } = scene({ tracks: { video: false, audio: true } });
    const slow = add();
    push('a0');
    slow.backlog = 2_000;
    push('a23');
    slow.backlog = 501;
    push('a46');
    slow.backlog = 500;
    push('a69', 'a92');
    expect(slow.text).toBe('<1>a0 a69 a92 ');
  });

  it('[MS56] a keyframe is asked for when he could go on, at most every two seconds for all of them', () => {
    const { state, push, add } = scene();
    const slow = [add(), add()];
    push('K0', 'a0');
    state.asked = 0;
    for (const one of slow) one.backlog = 2_000;
    push('P40', 'P80');
    expect(state.asked).toBe(0);
    for (const one of slow) one.backlog = 0;
    for (let i = 0; i < 100; i++) {
      state.now += 40;
      push(`P${120 + i * 40}`);
    }
    expect(state.asked).toBe(2);
  });

  it('[MS57] is ended beyond the bound of bytes or of time, at nobody else’s cost', () => {
    const { state, audience, push, add } = scene();
    const [full, long, fine] = [add(), add(), add()];
    push('K0', 'a0');
    full.backlog = 5_001;
    long.backlog = 3_000;
    push('P40');
    expect(full.ends).toEqual(['slow']);
    state.now = 10_000;
    push('P80');
    expect(long.ends).toEqual([]);
    state.now = 10_001;
    push('P120');
    expect(long.ends).toEqual(['slow']);
    expect(fine.text).toBe('<1>K0 a0 P40 P80 P120 ');
    expect(audience.viewers).toBe(1);
  });

  it('[MS58] a socket that throws ends its viewer alone', () => {
    const { audience, push, add } = scene();
    const sockets = [add(), add(), add()];
    push('K0', 'a0');
    sockets[1]!.broken = true;
    push('P40', 'P80');
    expect(sockets.map((socket) => socket.text)).toEqual(['<1>K0 a0 P40 P80 ', '<1>K0 a0 ', '<1>K0 a0 P40 P80 ']);
    expect(sockets[1]!.ends).toEqual(['slow']);
    expect(audience.viewers).toBe(2);
  });

  it('[MS58] viewers may come and go while a chunk is given out', () => {
    const { audience, push, add } = scene();
    const [one, two, three] = [add(), add(), add()];
    push('K0', 'a0');
    const written = one.write.bind(one);
    one.write = (chunk) => {
      written(chunk);
      two.viewer.leave();
      three.viewer.end('revoked');
      one.viewer.leave();
      one.write = written;
    };
    const later = new FakeSocket();
    push('P40');
    audience.addViewer(later);
    push('P80');
    expect([one.text, two.text, three.text]).toEqual(['<1>K0 a0 P40 ', '<1>K0 a0 ', '<1>K0 a0 ']);
    expect(three.ends).toEqual(['revoked']);
    expect(later.text).toBe('<1>K0 a0 P40 P80 ');
    expect(audience.viewers).toBe(1);
  });
});

describe('writes', () => {
  it('[MS59] audio waits for the next picture, no longer than it may', () => {
    const { push, add } = scene({ holdMs: 40 });
    const socket = add();
    push('K0', 'a0');
    expect(socket.writes).toHaveLength(0);
    vi.runAllTimers();
    expect(socket.text).toBe('<1>K0 a0 ');
    const before = socket.writes.length;
    push('a23', 'a46');
    vi.advanceTimersByTime(10);
    expect(socket.writes.length).toBe(before);
    // One write for all that came in the same turn.
    push('P40', 'a60');
    vi.advanceTimersByTime(0);
    expect(socket.writes.length).toBe(before + 1);
    push('a92');
    vi.advanceTimersByTime(39);
    expect(socket.writes.length).toBe(before + 1);
    vi.advanceTimersByTime(1);
    expect(socket.writes.length).toBe(before + 2);
    expect(socket.text).toBe('<1>K0 a0 a23 a46 P40 a60 a92 ');
    expect(vi.getTimerCount()).toBe(0);
  });

  it('[MS59] every viewer gets the very same array', () => {
    const { push, add } = scene({ holdMs: 40 });
    const sockets = [add(), add(), add()];
    for (const word of ['K0', 'a0', 'P40', 'a46', 'P80', 'P120']) {
      push(word);
      vi.runAllTimers();
    }
    for (const back of [1, 2]) {
      const arrays = new Set(sockets.map((socket) => socket.writes.at(-back)));
      expect(arrays.size).toBe(1);
    }
  });

  it('[MS59] a newcomer gets nothing twice of what waits', () => {
    const { push, add } = scene({ holdMs: 40 });
    const live = add();
    push('K0', 'a0', 'P40', 'a46');
    const late = add();
    push('P80');
    vi.runAllTimers();
    expect(live.text).toBe('<1>K0 a0 P40 a46 P80 ');
    expect(late.text).toBe(live.text);
  });

  it('[MS54] the end gives out what waits, ends everybody once, and leaves no timer', () => {
    const { state, audience, push, add } = scene({ holdMs: 40 });
    const socket = add();
    push('K0', 'a0', 'P40', 'a46');
    audience.close('tracks');
    audience.close('shutdown');
    push('P80');
    expect(socket.text).toBe('<1>K0 a0 P40 a46 ');
    expect(socket.ends).toEqual(['tracks']);
    expect(state.empty).toBe(1);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('[MS60] whatever happens, a viewer gets whole chunks in order, begins with a keyframe and resumes with one', () => {
    const event = fc.record({
      what: fc.constantFrom('push', 'push', 'push', 'push', 'add', 'backlog', 'wait', 'leave'),
      at: fc.nat(5),
      amount: fc.nat(2_000),
      letter: fc.constantFrom('K', 'P', 'P', 'P', 'a', 'a', 'a'),
    });
    fc.assert(
      fc.property(fc.array(event, { maxLength: 120 }), fc.constantFrom(0, 40), (events, holdMs) => {
        const { state, push, add } = scene({ holdMs });
        const sockets: ReturnType<typeof add>[] = [];
        const left = new Set<FakeSocket>();
        let serial = 0;
        for (const { what, at, amount, letter } of events) {
          const socket = sockets[at % Math.max(1, sockets.length)];
          if (what === 'add' && sockets.length < 6) sockets.push(add());
          else if (what === 'push') push(`${letter}${serial++}`);
          else if (what === 'wait') {
            state.now += amount;
            vi.advanceTimersByTime(amount);
          } else if (socket !== undefined && what === 'backlog') socket.backlog = amount;
          else if (socket !== undefined && what === 'leave') {
            socket.viewer.leave();
            left.add(socket);
          }
        }
        vi.runAllTimers();
        for (const socket of sockets) {
          const words = socket.text.replace('<1>', '').split(' ').filter(Boolean);
          const numbers = words.map((word) => Number(word.slice(1)));
          expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
          expect(words[0]?.[0] ?? 'K').toBe('K');
          const pictures = words.filter((word) => word[0] !== 'a');
          for (let i = 1; i < pictures.length; i++) {
            const [from, to] = [Number(pictures[i - 1]!.slice(1)), Number(pictures[i]!.slice(1))];
            const missed = events
              .filter((one) => one.what === 'push')
              .map((one, n) => ({ n, letter: one.letter }))
              .some(({ n, letter }) => n > from && n < to && letter !== 'a');
            if (missed) expect(pictures[i]![0]).toBe('K');
          }
        }
      }),
      { numRuns: 200 },
    );
  });
});
