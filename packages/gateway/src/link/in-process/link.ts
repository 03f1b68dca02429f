/** The link to the embedded engine of this process, over message ports: no WebRTC, no loss, no encryption. */
import type { MessagePort } from 'node:worker_threads';
import { DEFAULT_LINK_LIMITS, type LinkLimits } from '../limits.ts';
import type { Link } from '../types.ts';
import { EnginePort } from './port.ts';
import { Session } from './session.ts';

export interface InProcessLinkOptions {
  /**
   * A fresh port to the engine (`MediaEngine.openLocal`, brought to this thread). Asked for at the first join and
   * whenever the last port closed; a rejection is tried again.
   */
  readonly openPort: () => Promise<MessagePort>;
  /** Monotonic milliseconds. */
  readonly clock: () => number;
  readonly log?: { warn(fields: object, message: string): void };
  readonly limits?: Partial<LinkLimits>;
}

/** Makes a link; all its sessions share one port. */
export function createInProcessLink(options: InProcessLinkOptions): Link {
  const limits: LinkLimits = { ...DEFAULT_LINK_LIMITS, ...options.limits };
  const sessions = new Set<Session>();
  let current: EnginePort | null = null;
  let opening: Promise<EnginePort> | null = null;
  let closed = false;
  const warn = (what: string, detail: string) => options.log?.warn({ detail }, what);

  /** The port in use, or a new one; whoever asks meanwhile waits for the same. */
  const port = async (): Promise<EnginePort> => {
    if (closed) throw new Error('the link is closed');
    if (current !== null && !current.closed) return current;
    opening ??= options
      .openPort()
      .then((opened) => {
        const made = new EnginePort(opened, warn);
        if (closed) made.close();
        else current = made;
        return made;
      })
      .finally(() => {
        opening = null;
      });
    return opening;
  };

  return {
    async join(join, sink) {
      if (closed) throw new Error('the link is closed');
      const session = new Session(
        {
          port,
          limits,
          clock: options.clock,
          warn,
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
      current?.close();
    },
  };
}
