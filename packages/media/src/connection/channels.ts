/** LiveKit's three data channels over one SCTP association. */

import type { ChannelId, ChannelInfo, DataChannelsOptions, DataChannelsPort } from '../sctp/types.ts';
import type { DtlsRole } from '../transport/types.ts';
import type { ConnectionLimits } from './limits.ts';
import type { ConnectionRole, DataChannelKind } from './types.ts';

export type DataChannelsFactory = (options: DataChannelsOptions) => DataChannelsPort;

export interface ChannelsHost {
  sendPacket(packet: Uint8Array): void;
  onOpen(kind: DataChannelKind): void;
  onData(kind: DataChannelKind, data: Uint8Array): void;
}

const KIND_BY_LABEL = new Map<string, DataChannelKind>([
  ['_reliable', 'reliable'],
  ['_lossy', 'lossy'],
  ['_data_track', 'data_track'],
]);

export class Channels {
  readonly #role: ConnectionRole;
  readonly #factory: DataChannelsFactory;
  readonly #limits: ConnectionLimits;
  readonly #host: ChannelsHost;
  #association: DataChannelsPort | null = null;
  readonly #open = new Map<DataChannelKind, ChannelId>();
  /** Kind of every channel of ours, open or opening. */
  readonly #kinds = new Map<ChannelId, DataChannelKind>();

  constructor(role: ConnectionRole, factory: DataChannelsFactory, limits: ConnectionLimits, host: ChannelsHost) {
    this.#role = role;
    this.#factory = factory;
    this.#limits = limits;
    this.#host = host;
  }

  /** Once the other end's data section is known. Later calls do nothing: the association stays. */
  negotiated(dtlsRole: DtlsRole, remote: { readonly sctpPort: number; readonly maxMessageSize: number }): void {
    if (this.#association !== null) return;
    const association = this.#factory({
      role: dtlsRole,
      sendPacket: (packet) => this.#host.sendPacket(packet),
      maxMessageSize: remote.maxMessageSize,
      remotePort: remote.sctpPort,
      limits: this.#limits.dataChannels,
      sink: {
        onOpen: (channel) => this.#onOpen(channel),
        onMessage: (id, data) => this.#onMessage(id, data),
        onClose: (id) => this.#forget(id),
      },
    });
    this.#association = association;
    if (this.#role !== 'subscriber') return;
    for (const [label, kind] of KIND_BY_LABEL) {
      const reliable = kind === 'reliable';
      const id = association.create(label, { ordered: reliable, maxRetransmits: reliable ? null : 0 });
      this.#kinds.set(id, kind);
    }
  }

  /** The transport is connected. */
  start(): void {
    this.#association?.start();
  }

  receive(packet: Uint8Array): void {
    this.#association?.receive(packet);
  }

  /** See {@link Connection.sendData}. */
  send(kind: DataChannelKind, data: Uint8Array): boolean {
    const id = this.#open.get(kind);
    if (id === undefined || this.#association === null) return false;
    if (kind !== 'reliable' && this.#association.buffered(id) + data.byteLength > this.#limits.lossyBacklogBytes) {
      return false;
    }
    return this.#association.send(id, data);
  }

  backlog(kind: DataChannelKind): number {
    const id = this.#open.get(kind);
    return id === undefined || this.#association === null ? 0 : this.#association.buffered(id);
  }

  close(): void {
    this.#association?.close();
    this.#association = null;
    this.#open.clear();
    this.#kinds.clear();
  }

  #onOpen(channel: ChannelInfo): void {
    const kind = KIND_BY_LABEL.get(channel.label);
    if (kind === undefined) {
      this.#association?.closeChannel(channel.id);
      return;
    }
    const older = this.#open.get(kind);
    this.#kinds.set(channel.id, kind);
    this.#open.set(kind, channel.id);
    // A client that makes a channel anew has given up the former one.
    if (older !== undefined && older !== channel.id) {
      this.#kinds.delete(older);
      this.#association?.closeChannel(older);
    }
    this.#host.onOpen(kind);
  }

  #onMessage(id: ChannelId, data: Uint8Array | string): void {
    const kind = this.#kinds.get(id);
    // LiveKit's packets are binary; text is nobody's.
    if (kind !== undefined && typeof data !== 'string') this.#host.onData(kind, data);
  }

  #forget(id: ChannelId): void {
    const kind = this.#kinds.get(id);
    this.#kinds.delete(id);
    if (kind !== undefined && this.#open.get(kind) === id) this.#open.delete(kind);
  }
}
