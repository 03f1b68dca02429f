/** How far stamps may be from what is expected before they are taken for a new beginning. */
export interface TimeLineLimits {
  /** A step back up to this is held at the last stamp; a longer one is a new beginning. */
  readonly maxStepBackMs: number;
  /** A step forward beyond the time that passed plus this is a new beginning; stamps may run ahead by as much. */
  readonly maxStepForwardMs: number;
}

export type TrackKind = 'audio' | 'video';

interface Track {
  /** Last stamp as sent, extended past 32 bits. */
  raw: number;
  /** What is added to it. */
  offset: number;
  /** Last stamp given out. */
  last: number;
  /** Arrival of the last message. */
  arrived: number;
  /** How far stamps were before their arrival when that was last measured, and when. */
  lead: number;
  since: number;
}

/** Clocks drift: so much faster than ours a source may run. */
const DRIFT = 0.001;

/**
 * Makes one endless timeline of the 32-bit stamps of two kinds. Within a kind it never goes back. A jump of the source's
 * clock (an encoder that began anew, a wrong stamp) is bridged by the time that passed between the arrivals; when the
 * other kind jumps too, it takes over the same new anchor, so that sound and picture stay together.
 */
export interface TimeLine {
  /**
   * @param stamp 32 bits, as sent.
   * @param now monotonic milliseconds of arrival.
   */
  place(kind: TrackKind, stamp: number, now: number): number;
}

/**
 * @param onJump told of each new anchor, with how far the source's clock jumped.
 * @param onAhead told when stamps have come to run ahead of the time by more than may be.
 */
export function createTimeLine(
  limits: TimeLineLimits,
  onJump: (kind: TrackKind, byMs: number) => void,
  onAhead: () => void = () => {},
): TimeLine {
  /**
   * Whoever fills gaps fills as much as the stamps say: a source that runs ahead of the time, in steps that each may be, would
   * have silence made for hours in a minute. Its stamps stand; whether it may go on is the caller's to say.
   */
  function watch(track: Track, now: number): void {
    const ahead = track.last - now - track.lead;
    if (ahead <= limits.maxStepForwardMs + (now - track.since) * DRIFT) return;
    track.lead = track.last - now;
    track.since = now;
    onAhead();
  }

  const tracks: { audio: Track | null; video: Track | null } = { audio: null, video: null };

  /** Whether a stamp is one that may follow the kind's last. */
  function follows(track: Track, stamp: number, now: number): boolean {
    const step = stamp - track.last;
    return step >= -limits.maxStepBackMs && step <= Math.max(0, now - track.arrived) + limits.maxStepForwardMs;
  }

  return {
    place(kind, stamp, now) {
      const other = tracks[kind === 'audio' ? 'video' : 'audio'];
      const known = tracks[kind];
      const before = known ?? other;
      // The signed difference of 32 bits carries wraps, both ways.
      const raw = before === null ? stamp >>> 0 : before.raw + ((stamp - before.raw) | 0);
      if (before === null) {
        tracks[kind] = { raw, offset: 0, last: raw, arrived: now, lead: raw - now, since: now };
        return raw;
      }
      const track = known ?? { ...before };
      let at = raw + track.offset;
      if (!follows(track, at, now)) {
        const jump = at - track.last;
        const anchor = other !== null ? raw + other.offset : at;
        const offset =
          other !== null && follows(track, anchor, now)
            ? other.offset
            : track.last + Math.max(1, Math.round(now - track.arrived)) - raw;
        if (offset !== track.offset) onJump(kind, jump);
        track.offset = offset;
        at = raw + offset;
        track.lead = at - now;
        track.since = now;
      }
      track.raw = raw;
      track.last = Math.max(known === null ? 0 : track.last, at);
      track.arrived = now;
      tracks[kind] = track;
      watch(track, now);
      return track.last;
    },
  };
}
