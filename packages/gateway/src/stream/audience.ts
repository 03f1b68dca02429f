/**
 * The viewers of one stream in one container. It takes muxed chunks, whole and in order, and gives every viewer the same
 * arrays. It knows no unit and no muxer, so that it can run in another thread than they do (see `TapEvent`).
 *
 * A viewer is `waiting` for a keyframe, `starting` (pictures run, audio from before the keyframe is left out), `live`, or
 * `skipping` pictures because his connection does not keep up.
 */
import type { BroadcastLimits, MuxedChunk, Tracks, ViewEnd, Viewer, ViewerSocket } from './types.ts';

export interface AudienceOptions {
  /** With pictures, newcomers begin with a keyframe; otherwise with whatever comes. */
  readonly tracks: Tracks;
  readonly limits: BroadcastLimits;
  /** Monotonic milliseconds. */
  readonly clock: () => number;
  /** Somebody can go on (or begin) with a keyframe only. The source makes it sparing. */
  readonly onKeyframeNeeded: () => void;
  /**
   * Audio waits so long at most for the next picture, to be written with it, and a picture for what came in the same
   * turn of the event loop: fewer, larger writes. 0 writes every chunk at once.
   */
  readonly holdMs: number;
  /** After the last viewer left or was ended. */
  readonly onEmpty?: () => void;
}

export interface Audience {
  readonly viewers: number;
  /** What newcomers get first, from now on. Tell it before the `config` chunk that goes to those already watching. */
  setPreamble(bytes: Uint8Array): void;
  /** @param ageMs how long ago the chunk was made, for those that were kept. */
  push(chunk: MuxedChunk, ageMs?: number): void;
  /** Throws {@link Error} beyond `maxViewers`. */
  addViewer(socket: ViewerSocket): Viewer;
  /** Ends every viewer. */
  close(reason: ViewEnd): void;
}

type State = 'waiting' | 'starting' | 'live' | 'skipping' | 'gone';

interface Seat {
  readonly socket: ViewerSocket;
  state: State;
  /** `starting`: stamp of the first keyframe. `skipping`: since when, by the clock. */
  since: number;
}

/** Those who skip share one keyframe request in this time; newcomers' are not held back. */
const skipRequestMs = 2_000;

/** One write per picture at 25 a second and more; audio comes 20 ms later at the median than it would alone. */
export const defaultHoldMs = 40;

export function createAudience(options: AudienceOptions): Audience {
  const { limits, clock, holdMs } = options;
  const hasVideo = options.tracks.video;
  /** What a viewer is when he has his first keyframe. */
  const begun = options.tracks.video && options.tracks.audio ? 'starting' : 'live';
  const seats: Seat[] = [];
  let count = 0;
  let preamble: Uint8Array | null = null;
  /** Chunks since the last keyframe, as long as that is fresh. */
  let group: MuxedChunk[] = [];
  let groupBegan = Number.NEGATIVE_INFINITY;
  let held: MuxedChunk[] = [];
  let timer: NodeJS.Timeout | null = null;
  let soon: NodeJS.Immediate | null = null;
  let writing = false;
  let skipRequested = Number.NEGATIVE_INFINITY;
  let closed = false;

  function remove(seat: Seat): void {
    if (seat.state === 'gone') return;
    seat.state = 'gone';
    count--;
    // The loop that writes clears up behind itself.
    if (!writing) seats.splice(seats.indexOf(seat), 1);
    if (count === 0) {
      forget();
      options.onEmpty?.();
    }
  }

  function endSeat(seat: Seat, reason: ViewEnd): void {
    if (seat.state === 'gone') return;
    remove(seat);
    try {
      seat.socket.end(reason);
    } catch {
      // It is broken, and its viewer is gone already.
    }
  }

  /** Whoever's socket throws has ended himself alone. */
  function write(seat: Seat, bytes: Uint8Array): void {
    try {
      seat.socket.write(bytes);
    } catch {
      endSeat(seat, 'slow');
    }
  }

  /** Nobody is left for what waits. */
  function forget(): void {
    disarm();
    held = [];
  }

  function disarm(): void {
    if (timer !== null) clearTimeout(timer);
    if (soon !== null) clearImmediate(soon);
    timer = null;
    soon = null;
  }

  function begin(seat: Seat, first: MuxedChunk): void {
    if (preamble !== null) write(seat, Buffer.concat([preamble, first.bytes]));
    else write(seat, first.bytes);
    if (seat.state === 'gone') return;
    seat.state = begun;
    seat.since = first.timestampMs;
  }

  /** One chunk for a viewer who is not live. */
  function step(seat: Seat, chunk: MuxedChunk): void {
    switch (seat.state) {
      case 'waiting':
        // Configurations are in the preamble that he will get.
        if (chunk.kind !== 'config' && (chunk.keyframe || !hasVideo)) begin(seat, chunk);
        return;
      case 'starting':
        if (chunk.kind === 'audio') {
          if (chunk.timestampMs < seat.since) return;
          seat.state = 'live';
        }
        write(seat, chunk.bytes);
        return;
      case 'skipping':
        if (chunk.kind === 'config') write(seat, chunk.bytes);
        else if (hasVideo ? chunk.keyframe : true) {
          if (!drained(seat)) return;
          seat.state = 'live';
          write(seat, chunk.bytes);
        } else if (chunk.kind === 'audio') write(seat, chunk.bytes);
        return;
      case 'live':
        write(seat, chunk.bytes);
        return;
      case 'gone':
        return;
    }
  }

  function drained(seat: Seat): boolean {
    return seat.socket.backlogBytes() <= limits.skipBacklogBytes / 2;
  }

  /** Decides on a viewer before he gets more; answers whether he takes the batch whole. */
  function check(seat: Seat, now: number): boolean {
    if (seat.state === 'waiting') return false;
    const backlog = seat.socket.backlogBytes();
    if (backlog > limits.maxBacklogBytes) {
      endSeat(seat, 'slow');
      return false;
    }
    if (seat.state === 'skipping') {
      if (now - seat.since > limits.maxSkipMs) endSeat(seat, 'slow');
      else if (hasVideo && backlog <= limits.skipBacklogBytes / 2 && now - skipRequested >= skipRequestMs) {
        skipRequested = now;
        options.onKeyframeNeeded();
      }
      return false;
    }
    if (backlog > limits.skipBacklogBytes) {
      seat.state = 'skipping';
      seat.since = now;
      return false;
    }
    return seat.state === 'live';
  }

  function flush(): void {
    disarm();
    if (held.length === 0 || writing) return;
    const batch = held;
    held = [];
    const whole = batch.length === 1 ? asBuffer(batch[0]!.bytes) : Buffer.concat(batch.map((chunk) => chunk.bytes));
    const now = clock();
    const before = seats.length;
    writing = true;
    let gone = 0;
    for (let i = 0; i < before; i++) {
      const seat = seats[i]!;
      if (seat.state !== 'gone') {
        try {
          if (check(seat, now)) write(seat, whole);
          else for (const chunk of batch) step(seat, chunk);
        } catch {
          endSeat(seat, 'slow');
        }
      }
      if (seat.state === 'gone') gone++;
    }
    writing = false;
    if (gone > 0) sweep();
    // What was pushed by a listener in the meantime.
    if (held.length > 0) flush();
  }

  function sweep(): void {
    let kept = 0;
    for (const seat of seats) if (seat.state !== 'gone') seats[kept++] = seat;
    seats.length = kept;
  }

  function keep(chunk: MuxedChunk, ageMs: number): void {
    const now = clock();
    if (chunk.keyframe) {
      group = [];
      groupBegan = now - ageMs;
    } else if (chunk.kind === 'config' || now - groupBegan >= limits.freshGroupMs) {
      // Older pictures do not go with a new configuration, and an old group would keep a newcomer late for ever.
      group = [];
      groupBegan = Number.NEGATIVE_INFINITY;
      return;
    }
    if (hasVideo) group.push(chunk);
  }

  function giveGroup(seat: Seat): void {
    const first = group[0];
    if (first === undefined) return;
    const parts = preamble === null ? [] : [preamble];
    seat.state = begun;
    seat.since = first.timestampMs;
    for (const chunk of group) {
      if (chunk.kind === 'audio' && seat.state === 'starting') {
        if (chunk.timestampMs < seat.since) continue;
        seat.state = 'live';
      }
      parts.push(chunk.bytes);
    }
    write(seat, Buffer.concat(parts));
  }

  return {
    get viewers() {
      return count;
    },
    setPreamble(bytes) {
      preamble = bytes;
    },
    push(chunk, ageMs = 0) {
      if (closed) return;
      keep(chunk, ageMs);
      if (count === 0) return;
      held.push(chunk);
      if (holdMs === 0) flush();
      else if (chunk.kind === 'video' || (chunk.kind === 'audio' && !hasVideo)) {
        // With what came in the same read: a server that is behind writes less often, and so catches up.
        soon ??= setImmediate(flush);
      } else timer ??= setTimeout(flush, holdMs);
    },
    addViewer(socket) {
      if (closed) throw new Error('the stream has ended');
      if (count >= limits.maxViewers) throw new Error('the stream has as many viewers as are allowed');
      const seat: Seat = { socket, state: 'waiting', since: 0 };
      // What waits is part of the group he may get.
      flush();
      seats.push(seat);
      count++;
      if (hasVideo) {
        if (group.length > 0 && clock() - groupBegan < limits.freshGroupMs) giveGroup(seat);
        else options.onKeyframeNeeded();
      }
      return { leave: () => remove(seat), end: (reason) => endSeat(seat, reason) };
    },
    close(reason) {
      if (closed) return;
      flush();
      closed = true;
      for (const seat of [...seats]) endSeat(seat, reason);
    },
  };
}

/** A socket would make a Buffer of any other array, for each viewer. */
function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
