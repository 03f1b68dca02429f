/** How often and how fast something is tried again. */
export interface BackoffPolicy {
  /** Wait before the first repetition, ms; doubled each time. */
  readonly firstMs: number;
  readonly maxMs: number;
  /** Repetitions before giving up. */
  readonly attempts: number;
  /** Part of the wait that is drawn by lot, 0…1: a room of phones must not come back in one instant. */
  readonly jitter: number;
}

/** Counts repetitions; `next()` is the wait in ms, or `null` when it is time to give up. */
export class Backoff {
  readonly #policy: BackoffPolicy;
  readonly #random: () => number;
  #used = 0;

  constructor(policy: BackoffPolicy, random: () => number) {
    this.#policy = policy;
    this.#random = random;
  }

  get used(): number {
    return this.#used;
  }

  next(): number | null {
    const { firstMs, maxMs, attempts, jitter } = this.#policy;
    if (this.#used >= attempts) return null;
    const full = Math.min(maxMs, firstMs * 2 ** this.#used);
    this.#used++;
    return Math.round(full * (1 - jitter * this.#random()));
  }

  /** It works again: the next trouble starts from the beginning. */
  reset(): void {
    this.#used = 0;
  }
}

/** Bounds of every recovery, in one place. */
export interface RecoveryPolicy {
  /** The push: −1307, 3004 and their like. */
  readonly push: BackoffPolicy;
  /** Each player, after its FLV fallback has failed too. */
  readonly play: BackoffPolicy;
  /** The signalling connection. */
  readonly signal: BackoffPolicy;
  /** roomsig: three repetitions two seconds apart, as the original. */
  readonly roomsig: BackoffPolicy;
  /** Entering anew after 1021 (Tencent's media service). */
  readonly reenter: BackoffPolicy;
  /** Without event 2003 for so long, a player of a stream with a picture goes over to FLV. */
  readonly firstFrameMs: number;
  /** A push that ran for so long without trouble has recovered. */
  readonly steadyMs: number;
  /** How long the page may take to hand in fresh tickets. */
  readonly ticketMs: number;
  /** How long an answer may take: HTTP, a signalling reply, the welcome, event 1018. */
  readonly answerMs: number;
}

export const RECOVERY: RecoveryPolicy = {
  push: { firstMs: 1_000, maxMs: 15_000, attempts: 8, jitter: 0.3 },
  play: { firstMs: 1_000, maxMs: 15_000, attempts: 8, jitter: 0.3 },
  signal: { firstMs: 500, maxMs: 15_000, attempts: 12, jitter: 0.5 },
  roomsig: { firstMs: 2_000, maxMs: 2_000, attempts: 3, jitter: 0 },
  reenter: { firstMs: 500, maxMs: 10_000, attempts: 6, jitter: 0.3 },
  firstFrameMs: 5_000,
  steadyMs: 10_000,
  ticketMs: 15_000,
  answerMs: 15_000,
};
