/** When a participant counts as gone. Pure: facts and a time in, a verdict out. */
import type { PeerState } from '../transport/types.ts';

export interface PresenceFacts {
  readonly joinedAt: number;
  /** null while the WebSocket lives. */
  readonly signalLostAt: number | null;
  /** Last message of the client. */
  readonly lastSignalAt: number;
  /** When this WebSocket was opened: a resume gives media time to come back. */
  readonly sessionSince: number;
  /** The worst state of the connections that were connected once; `new` when none ever was. */
  readonly media: PeerState;
  /** When media left `connected`; null while connected, or never connected. */
  readonly mediaLostAt: number | null;
}

export interface PresenceLimits {
  readonly resumeWindowMs: number;
  readonly signalLostLimitMs: number;
  readonly connectTimeoutMs: number;
  readonly closedGraceMs: number;
  readonly silenceMs: number;
  /** Time media gets to come back after a resume before the client is asked again. */
  readonly mediaRepairMs: number;
}

export type Verdict =
  | { readonly kind: 'keep' }
  /** The signal is silent: close the WebSocket, the client resumes if it lives. */
  | { readonly kind: 'drop-signal' }
  /** Media failed while the signal lives: ask the client to resume, with an ICE restart. */
  | { readonly kind: 'ask-resume' }
  | { readonly kind: 'gone'; readonly reason: 'signal-closed' | 'media-failed' | 'never-connected' };

const KEEP: Verdict = { kind: 'keep' };

export function judgePresence(facts: PresenceFacts, now: number, limits: PresenceLimits): Verdict {
  const connectedOnce = facts.media !== 'new' && facts.media !== 'checking';
  if (facts.signalLostAt === null) {
    if (!connectedOnce) {
      return now - facts.joinedAt >= limits.connectTimeoutMs ? { kind: 'gone', reason: 'never-connected' } : KEEP;
    }
    if (facts.media === 'failed' || facts.media === 'closed') {
      return now - facts.sessionSince >= limits.mediaRepairMs ? { kind: 'ask-resume' } : KEEP;
    }
    return now - facts.lastSignalAt >= limits.silenceMs ? { kind: 'drop-signal' } : KEEP;
  }
  // Nothing to come back to: LiveKit frees such a participant at once, too.
  if (!connectedOnce) return { kind: 'gone', reason: 'signal-closed' };
  const mediaLostAt = facts.mediaLostAt ?? now;
  const bothLostAt = Math.max(facts.signalLostAt, mediaLostAt);
  switch (facts.media) {
    case 'closed':
      // The client's own end closed it: the page is gone, not the network.
      return now - bothLostAt >= limits.closedGraceMs ? { kind: 'gone', reason: 'signal-closed' } : KEEP;
    case 'failed':
    case 'disconnected':
      return now - bothLostAt >= limits.resumeWindowMs ? { kind: 'gone', reason: 'media-failed' } : KEEP;
    default:
      return now - facts.signalLostAt >= limits.signalLostLimitMs ? { kind: 'gone', reason: 'signal-closed' } : KEEP;
  }
}

const RANK: Readonly<Record<PeerState, number>> = {
  new: 0,
  checking: 0,
  connected: 1,
  disconnected: 2,
  failed: 3,
  closed: 4,
};

/** The state of several connections as one: any that failed counts, all must be closed to count as closed. */
export function combineStates(states: readonly PeerState[]): PeerState {
  const known = states.filter((state) => RANK[state] > 0);
  if (known.length === 0) return states.includes('checking') ? 'checking' : 'new';
  const alive = known.filter((state) => state !== 'closed');
  if (alive.length === 0) return 'closed';
  return alive.reduce((worst, state) => (RANK[state] > RANK[worst] ? state : worst));
}
