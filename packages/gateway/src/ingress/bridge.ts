/**
 * Which encoder's pictures go out: the phone's own, as they are, or those of a bridge.
 *
 * RTMP has no way to ask a phone for a keyframe. When somebody needs one, a bridge decodes the group of pictures so far and
 * encodes the following ones anew, beginning with an IDR; at the phone's own next IDR its pictures go out again. A picture is
 * sent once, from the one or the other, and every P picture comes from the same encoder as the one sent before it.
 *
 * A bridge needs some time to set up. So it is told to begin at a picture that is yet to come (`E`): those before it go
 * out as they are, and from `E` on the phone's are held for the moment that the bridge needs, and forgotten when its IDR
 * is there. One that is late for `E` makes nobody wait: what was held goes out, what it makes is left out until it has
 * caught up, and then it is asked for an IDR of the next picture.
 *
 * A bridge that ends in the middle leaves its viewers at its last picture until a keyframe comes: the phone's own, or that
 * of another bridge when the interval between two is over.
 *
 * Free of timers and I/O; the clock is a port.
 */
import type { BridgeJob, BridgeOutput } from '../codec/types.ts';
import type { VideoConfig, VideoFrame } from '../stream/types.ts';
import type { BridgeLimits, BridgePorts, GroupUnit } from './bridge-types.ts';
import { GroupRhythm } from './group-rhythm.ts';

/** Bounds of the lead. */
const MIN_LEAD_MS = 10;
const MAX_LEAD_MS = 100;
/** A group whose last picture is older than this tells nothing of now. */
const MAX_AGE_MS = 500;
/** Pictures held are bounded in time; this many come from a source that floods. */
const MAX_HELD = 120;
/** What encoding one picture may take; a lead that is right leaves no more than this to wait. */
const ENCODING_MS = 8;

/**
 * `warming`: its first picture is waited for. `late`: that did not come in time. `live`: its pictures go out. `draining`:
 * its last ones do, before the phone's keyframe.
 */
type Phase = 'warming' | 'late' | 'live' | 'draining';

interface Job {
  readonly handle: BridgeJob;
  phase: Phase;
  /** Its first picture that can be sent: an IDR of this stamp or later. */
  encodeFromMs: number;
  readonly openedAt: number;
  /** Stamp of the last picture written, and of the last that came out. */
  written: number;
  came: number;
  /** When that was, or when the first one after it was written. */
  cameAt: number;
  /** Its parameter sets, for the next keyframe. */
  parameters: VideoConfig | null;
  /** When the first picture was held. */
  heldAt: number;
  readonly held: GroupUnit[];
}

export class Bridge {
  readonly #ports: BridgePorts;
  readonly #limits: BridgeLimits;
  /** Whose picture went out last, and can be gone on from. */
  #chain: 'none' | 'phone' | 'bridge' = 'none';
  #job: Job | null = null;
  /** Raised with every bridge and every end of one, so that a late word of an old one is not heard. */
  #generation = 0;
  #parameters: VideoConfig | null = null;
  /** Somebody waits for a keyframe. */
  #wanted = false;
  #sentMs = Number.NEGATIVE_INFINITY;
  #keyframeSentAt = Number.NEGATIVE_INFINITY;
  #openedAt = Number.NEGATIVE_INFINITY;
  #lead: number;
  /** No picture is missing in the group that the port answers with. */
  #whole = true;
  /** The phone's last picture: its stamp and its arrival. */
  #lastMs = Number.NaN;
  #lastAt = Number.NEGATIVE_INFINITY;
  readonly #rhythm: GroupRhythm;

  constructor(ports: BridgePorts, limits: BridgeLimits) {
    this.#ports = ports;
    this.#limits = limits;
    this.#lead = limits.leadMs;
    this.#rhythm = new GroupRhythm(limits.dueMs);
  }

  /** Whose pictures go out now. */
  get state(): 'holding' | 'passing' | 'bridging' {
    return this.#chain === 'none' ? 'holding' : this.#chain === 'phone' ? 'passing' : 'bridging';
  }

  /** Whether a bridge is at work or being set up. */
  get active(): boolean {
    return this.#job !== null;
  }

  /** The phone's parameter sets, told before the keyframe that they belong to. */
  configure(config: VideoConfig): void {
    if (this.#job?.phase === 'draining') this.#job.held.push(config);
    this.#parameters = config;
  }

  /** A picture of the phone. */
  frame(frame: VideoFrame): void {
    const now = this.#ports.clock();
    this.#expire(now);
    if (!frame.keyframe && this.#wanted) this.#consider(now, frame.timestampMs);
    this.#note(frame, now);
    if (frame.keyframe) this.#keyframe(frame, now);
    else this.#picture(frame, now);
  }

  /** A picture of the phone that nobody is to see. When all are told, a bridge can follow as soon as they may be seen. */
  unseen(frame: VideoFrame): void {
    this.#note(frame, this.#ports.clock());
  }

  /** Somebody needs a keyframe. */
  want(): void {
    this.#wanted = true;
    this.tick();
  }

  /** Periodic work. */
  tick(): void {
    const now = this.#ports.clock();
    this.#expire(now);
    if (this.#wanted) this.#consider(now, null);
  }

  /**
   * The phone's pictures are not to be seen, or begin anew: nothing goes out until a keyframe, and the group is not used
   * until then, since pictures may be missing in it.
   */
  stop(): void {
    this.#dismiss();
    this.#chain = 'none';
    this.#wanted = false;
    this.#whole = false;
    this.#sentMs = Number.NEGATIVE_INFINITY;
    this.#lastMs = Number.NaN;
    this.#lastAt = Number.NEGATIVE_INFINITY;
    this.#rhythm.reset();
  }

  #note(frame: VideoFrame, now: number): void {
    this.#lastMs = frame.timestampMs;
    this.#lastAt = now;
    if (!frame.keyframe) return;
    this.#rhythm.keyframe(frame.timestampMs);
    this.#whole = true;
  }

  /** The phone's own keyframe ends a bridge, once the pictures before it are out. */
  #keyframe(frame: VideoFrame, now: number): void {
    const job = this.#job;
    if (job?.phase === 'draining') {
      this.#hold(job, frame, now);
    } else if (job?.phase === 'live' && job.came < job.written) {
      job.phase = 'draining';
      if (this.#parameters !== null) job.held.push(this.#parameters);
      job.heldAt = now;
      this.#hold(job, frame, now);
    } else {
      this.#release();
      this.#pass(frame, this.#parameters);
    }
  }

  #picture(frame: VideoFrame, now: number): void {
    const job = this.#job;
    if (job === null) {
      if (this.#chain === 'phone') this.#pass(frame, null);
      return;
    }
    if (job.phase === 'draining') {
      this.#hold(job, frame, now);
      return;
    }
    if (job.phase === 'late' && job.came >= job.written) {
      job.phase = 'warming';
      job.encodeFromMs = frame.timestampMs;
      job.handle.requestKeyframe();
      if (this.#job !== job) return;
    }
    if (job.phase === 'late') {
      this.#pass(frame, null);
    } else if (job.phase === 'warming' && this.#chain === 'phone') {
      // Before it is written: a bridge may answer, or end, within the call.
      if (frame.timestampMs < job.encodeFromMs) this.#pass(frame, null);
      else this.#hold(job, frame, now);
      if (this.#job !== job) return;
    }
    // The time to answer counts from the moment when there is something to answer.
    if (job.came >= job.written) job.cameAt = now;
    job.written = frame.timestampMs;
    job.handle.write(frame);
  }

  #hold(job: Job, frame: VideoFrame, now: number): void {
    if (job.held.length === 0) job.heldAt = now;
    job.held.push(frame);
    if (job.held.length >= MAX_HELD) this.#release();
  }

  #pass(frame: VideoFrame, parameters: VideoConfig | null): void {
    this.#chain = 'phone';
    this.#send(frame, parameters);
  }

  #send(frame: VideoFrame, parameters: VideoConfig | null): void {
    this.#sentMs = frame.timestampMs;
    if (frame.keyframe) {
      this.#keyframeSentAt = this.#ports.clock();
      this.#wanted = false;
    }
    this.#ports.send(frame, parameters);
  }

  /** Gives a bridge up (if there is one) and sends what was held for it. */
  #release(): void {
    const held = this.#job?.held ?? [];
    this.#dismiss();
    this.#sendHeld(held);
  }

  #sendHeld(held: readonly GroupUnit[]): void {
    let parameters: VideoConfig | null = null;
    for (const unit of held) {
      if (unit.kind === 'video-config') parameters = unit;
      else this.#pass(unit, unit.keyframe ? parameters : null);
    }
  }

  #dismiss(): void {
    const job = this.#job;
    this.#forget();
    job?.handle.close();
  }

  #forget(): void {
    this.#job = null;
    this.#generation++;
  }

  /** What a bridge (or its process) did not do in time. */
  #expire(now: number): void {
    const job = this.#job;
    if (job === null) return;
    const { holdMs, drainMs, setUpMs, lagMs } = this.#limits;
    switch (job.phase) {
      case 'warming':
      case 'late':
        if (now - job.openedAt > setUpMs) this.#release();
        else if (job.held.length > 0 && now - job.heldAt > holdMs) this.#late(job, now);
        break;
      case 'live':
        if (job.came < job.written && (now - job.cameAt > lagMs || job.written - job.came > 2 * lagMs)) {
          this.#dismiss();
          this.#broken();
        }
        break;
      case 'draining':
        // As long as pictures come it is not given up, within reason: the phone may have sent many at once.
        if (now - Math.max(job.heldAt, job.cameAt) > drainMs || now - job.heldAt > lagMs) this.#release();
        break;
    }
  }

  #late(job: Job, now: number): void {
    this.#learn(now - job.heldAt);
    job.phase = 'late';
    this.#sendHeld(job.held.splice(0));
  }

  #learn(waitedMs: number): void {
    const lead = this.#lead + (waitedMs - ENCODING_MS) / 2;
    this.#lead = Math.min(MAX_LEAD_MS, Math.max(MIN_LEAD_MS, lead));
  }

  /**
   * Somebody waits for a keyframe: whether one can be had now.
   * @param comingMs stamp of the picture about to be handled, if this is asked on its arrival.
   */
  #consider(now: number, comingMs: number | null): void {
    const limits = this.#limits;
    const age = now - this.#keyframeSentAt;
    if (this.#chain !== 'none' && age < limits.freshMs) {
      this.#wanted = false;
      return;
    }
    const job = this.#job;
    if (job !== null) {
      if (job.phase !== 'live' || age < limits.keyframeIntervalMs) return;
      this.#keyframeSentAt = now;
      this.#wanted = false;
      job.handle.requestKeyframe();
      return;
    }
    if (now - this.#openedAt < limits.intervalMs) return;
    if (this.#rhythm.isDue(this.#lastMs + (now - this.#lastAt))) return;
    this.#open(now, comingMs);
  }

  #open(now: number, comingMs: number | null): void {
    if (!this.#whole || (comingMs === null && now - this.#lastAt > MAX_AGE_MS)) return;
    const group = this.#ports.group();
    const untilMs = comingMs ?? Number.POSITIVE_INFINITY;
    if (!reaches(group, untilMs, this.#lastMs)) return;
    const encodeFromMs =
      this.#chain === 'none'
        ? Math.max(comingMs ?? this.#lastMs, this.#sentMs + 1)
        : Math.max(this.#lastMs, this.#sentMs) + Math.max(1, now - this.#lastAt + this.#lead);
    this.#openedAt = now;
    const generation = ++this.#generation;
    const handle = this.#ports.open(encodeFromMs, {
      onOutput: (output) => {
        if (generation === this.#generation) this.#output(output);
      },
      onEnd: () => {
        if (generation === this.#generation) this.#ended();
      },
    });
    if (handle === null) return;
    const job: Job = {
      handle,
      phase: 'warming',
      encodeFromMs,
      openedAt: now,
      written: Number.NEGATIVE_INFINITY,
      came: Number.NEGATIVE_INFINITY,
      cameAt: now,
      parameters: null,
      heldAt: now,
      held: [],
    };
    this.#job = job;
    for (const unit of group) {
      if (unit.kind === 'video') {
        if (unit.timestampMs >= untilMs) break;
        job.written = unit.timestampMs;
      }
      handle.write(unit);
      if (this.#job !== job) return;
    }
  }

  #output(output: BridgeOutput): void {
    const job = this.#job;
    if (job === null) return;
    if (output.kind === 'video-config') {
      job.parameters = output;
      return;
    }
    const now = this.#ports.clock();
    const { timestampMs, keyframe } = output;
    if (job.phase === 'late') {
      job.came = timestampMs;
      return;
    }
    const begins = job.phase === 'warming';
    const fits = timestampMs >= this.#sentMs && (!begins || (keyframe && timestampMs >= job.encodeFromMs));
    if (!fits || (keyframe && job.parameters === null)) {
      this.#dismissBroken();
      return;
    }
    job.came = timestampMs;
    job.cameAt = now;
    if (begins) {
      if (job.held.length > 0) this.#learn(now - job.heldAt);
      job.held.length = 0;
      job.phase = 'live';
    }
    this.#chain = 'bridge';
    this.#send(output, keyframe ? job.parameters : null);
    if (this.#job === job && job.phase === 'draining' && job.came >= job.written) this.#release();
  }

  /** The bridge ended by itself. */
  #ended(): void {
    const job = this.#job;
    if (job === null) return;
    if (job.phase === 'live') {
      this.#forget();
      this.#broken();
    } else {
      this.#release();
    }
  }

  /** It makes what it should not. */
  #dismissBroken(): void {
    const phase = this.#job?.phase;
    if (phase === 'live') {
      this.#dismiss();
      this.#broken();
    } else {
      this.#release();
    }
  }

  /** Viewers have a picture that nothing can go on from. */
  #broken(): void {
    this.#chain = 'none';
    this.#wanted = true;
  }
}

/** Whether pictures of the group before `untilMs` begin with a keyframe and end with the one stamped `lastMs` (if known). */
function reaches(group: readonly GroupUnit[], untilMs: number, lastMs: number): boolean {
  let parameters = false;
  let newest = Number.NaN;
  for (const unit of group) {
    if (unit.kind === 'video-config') {
      parameters = true;
      continue;
    }
    if (unit.timestampMs >= untilMs) break;
    if (Number.isNaN(newest) && !(parameters && unit.keyframe)) return false;
    newest = unit.timestampMs;
  }
  return !Number.isNaN(newest) && (Number.isNaN(lastMs) || newest === lastMs);
}
