/** The link over WebRTC: to any LiveKit server, the embedded engine among them. */
import { DEFAULT_LINK_LIMITS, type LinkLimits } from './limits.ts';
import { Session } from './session.ts';
import type { Impairment } from './transport.ts';
import type { Link } from './types.ts';

export interface WebRtcLinkOptions {
  /** The server's signal address, `ws://…` or `wss://…`. */
  readonly url: string;
  /** Monotonic milliseconds. */
  readonly clock: () => number;
  readonly log?: { warn(fields: object, message: string): void };
  readonly limits?: Partial<LinkLimits>;
  /** For tests: a path that loses. */
  readonly impairment?: Impairment;
}

const LOOPBACK = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/;

/** Makes a link; every join is a participant with a connection of its own. */
export function createWebRtcLink(options: WebRtcLinkOptions): Link {
  const limits: LinkLimits = { ...DEFAULT_LINK_LIMITS, ...options.limits };
  const sessions = new Set<Session>();
  const loopback = LOOPBACK.test(new URL(options.url).hostname);
  let closed = false;
  return {
    async join(join, sink) {
      if (closed) throw new Error('the link is closed');
      const session = new Session(
        {
          url: options.url,
          loopback,
          impairment: options.impairment ?? null,
          limits,
          clock: options.clock,
          warn: (what, detail) => options.log?.warn({ detail }, what),
          onGone: (gone) => sessions.delete(gone),
        },
        join,
        sink,
      );
      sessions.add(session);
      await session.start();
      return session;
    },
    async close() {
      closed = true;
      await Promise.all([...sessions].map((session) => session.leave()));
    },
  };
}
