/** How far stamps may be from what is expected before they are taken for a new beginning. */
export interface TimeLineLimits {
  /** A step back up to this is held at the last stamp; a longer one is a new beginning. */
  readonly maxStepBackMs: number;
  /** A step forward beyond the time that passed plus this is a new beginning. */
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
}

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

/** @param onJump told of each new anchor, with how far the source's clock jumped. */
export function createTimeLine(limits: TimeLineLimits, onJump: (kind: TrackKind, byMs: number) => void): TimeLine {
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
        tracks[kind] = { raw, offset: 0, last: raw, arrived: now };
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
      }
      track.raw = raw;
      track.last = Math.max(known === null ? 0 : track.last, at);
      track.arrived = now;
      tracks[kind] = track;
      return track.last;
    },
  };
}
