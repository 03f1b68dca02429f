/** The peer connections of one participant: one (`single`) or two (`publisher`, `subscriber`). */
import type {
  Connection,
  ConnectionRole,
  ConnectionSink,
  DataChannelKind,
  PublishPreferences,
  UplinkSection,
} from '../connection/types.ts';
import type { MediaKind } from '../forward/types.ts';
import type { PeerState } from '../transport/types.ts';
import type { ConnectionFactory } from './context.ts';
import { combineStates } from './presence.ts';

export interface LinksHost {
  onLinkState(role: ConnectionRole, state: PeerState): void;
  onUplinkStarted(section: UplinkSection): void;
  onUplinkStopped(mid: string): void;
  publishPreferences(kind: MediaKind, trackId: string): PublishPreferences | null;
  onDataOpen(role: ConnectionRole, kind: DataChannelKind): void;
  onData(kind: DataChannelKind, data: Uint8Array): void;
  onNegotiationNeeded(role: ConnectionRole, needed: { readonly audios: number; readonly videos: number }): void;
}

export class Links {
  readonly #host: LinksHost;
  readonly #connections = new Map<ConnectionRole, Connection>();
  readonly #states = new Map<ConnectionRole, PeerState>();
  /** Roles that were connected once: only their loss counts. */
  readonly #connectedOnce = new Set<ConnectionRole>();
  #closed = false;

  constructor(factory: ConnectionFactory, single: boolean, host: LinksHost) {
    this.#host = host;
    const roles: ConnectionRole[] = single ? ['single'] : ['publisher', 'subscriber'];
    try {
      for (const role of roles) {
        this.#states.set(role, 'new');
        this.#connections.set(role, factory(role, this.#sink(role)));
      }
    } catch (error) {
      // No peer left for the second one: the first must not stay.
      this.close();
      throw error;
    }
  }

  get single(): boolean {
    return this.#states.has('single');
  }

  /** Where the client offers and publishes. */
  get upstream(): Connection | null {
    return this.#connections.get('single') ?? this.#connections.get('publisher') ?? null;
  }

  /** Where subscriptions and our data go. */
  get downstream(): Connection | null {
    return this.#connections.get('single') ?? this.#connections.get('subscriber') ?? null;
  }

  state(role: ConnectionRole): PeerState {
    return this.#states.get(role) ?? 'new';
  }

  /** Of all connections that were connected once. */
  get mediaState(): PeerState {
    const states: PeerState[] = [];
    for (const [role, state] of this.#states) if (this.#connectedOnce.has(role)) states.push(state);
    return combineStates(states);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const connection of this.#connections.values()) connection.close();
    this.#connections.clear();
  }

  #sink(role: ConnectionRole): ConnectionSink {
    const host = this.#host;
    // Whatever a closing connection still says reaches nobody.
    const live = <A extends readonly unknown[]>(call: (...args: A) => void) => {
      return (...args: A): void => {
        if (!this.#closed) call(...args);
      };
    };
    return {
      onState: live((state: PeerState) => {
        this.#states.set(role, state);
        if (state === 'connected') this.#connectedOnce.add(role);
        host.onLinkState(role, state);
      }),
      onUplinkStarted: live((section: UplinkSection) => host.onUplinkStarted(section)),
      onUplinkStopped: live((mid: string) => host.onUplinkStopped(mid)),
      publishPreferences: (kind, trackId) => (this.#closed ? null : host.publishPreferences(kind, trackId)),
      onDataChannelOpen: live((kind: DataChannelKind) => host.onDataOpen(role, kind)),
      onData: live((kind: DataChannelKind, data: Uint8Array) => host.onData(kind, data)),
      onNegotiationNeeded: live((needed: { readonly audios: number; readonly videos: number }) =>
        host.onNegotiationNeeded(role, needed),
      ),
    };
  }
}
