import { Association } from './association.ts';
import { ACK_MESSAGE, buildOpen, isAck, type OpenMessage, PPID, parseOpen } from './dcep.ts';
import type { InboundMessage } from './inbound.ts';
import type { OutboundMessage } from './outbound.ts';
import type { ChannelId, ChannelInfo, ChannelOptions, DataChannelsOptions, DataChannelsPort } from './types.ts';

const SCTP_PORT = 5000;
const MAX_ID = 65534;
/** Messages that may wait on one channel: small ones cost more in memory than in bytes. */
const MAX_BACKLOG_MESSAGES = 16_384;
/** Openings and their answers that may wait: one who opens and closes without end acknowledges nothing of it. */
const MAX_BACKLOG_CONTROL = 1024;

interface Channel {
  readonly info: ChannelInfo;
  readonly maxLifetimeMs: number | null;
  state: 'opening' | 'open' | 'closing';
  /** Bytes queued or in flight. */
  buffered: number;
  /** ... in so many messages. */
  messages: number;
  /** A send was refused: tell when there is room again. */
  refused: boolean;
}

/** Data channels over one association (RFC 8831). */
export class DataChannels implements DataChannelsPort {
  readonly #options: DataChannelsOptions;
  readonly #association: Association;
  readonly #channels = new Map<ChannelId, Channel>();
  readonly #clock: () => number;
  #nextId: ChannelId;
  /** Control messages queued or in flight. */
  readonly #control = new Set<OutboundMessage>();
  #closed = false;

  constructor(options: DataChannelsOptions) {
    this.#options = options;
    this.#clock = options.clock ?? (() => performance.now());
    this.#nextId = options.role === 'client' ? 0 : 1;
    this.#association = new Association({
      localPort: options.localPort ?? SCTP_PORT,
      remotePort: options.remotePort ?? SCTP_PORT,
      maxReassemblyBytes: options.limits.maxReassemblyBytes,
      sendPacket: options.sendPacket,
      clock: this.#clock,
      onEstablished: () => {},
      onMessage: (message) => {
        this.#receiveMessage(message);
      },
      onReleased: (message) => {
        this.#released(message);
      },
      onRemoteReset: (streams) => {
        for (const id of streams.length > 0 ? streams : [...this.#channels.keys()]) this.#remoteReset(id);
      },
      onLocalReset: (streams) => {
        for (const id of streams) if (this.#channels.get(id)?.state === 'closing') this.#remove(id);
      },
      onFailed: (reason) => {
        this.#failed(reason);
      },
    });
  }

  start(): void {
    if (!this.#closed) this.#association.start();
  }

  receive(packet: Uint8Array): void {
    if (this.#closed) return;
    this.#association.receive(Buffer.from(packet.buffer, packet.byteOffset, packet.byteLength));
  }

  create(label: string, { ordered, maxRetransmits }: ChannelOptions): ChannelId {
    if (this.#closed || this.#channels.size >= this.#options.limits.maxChannels) throw new Error('Too many channels');
    const open = buildOpen(label, ordered, maxRetransmits);
    while (this.#channels.has(this.#nextId)) this.#nextId += 2;
    const id = this.#nextId;
    if (id > MAX_ID) throw new Error('No channel id left');
    this.#nextId += 2;
    this.#add({ id, label, protocol: '', ordered, maxRetransmits, origin: 'local' }, null, 'opening');
    this.#sendControl(id, open);
    return id;
  }

  send(id: ChannelId, data: Uint8Array | string): boolean {
    const channel = this.#channels.get(id);
    if (this.#closed || channel === undefined || channel.state !== 'open') return false;
    const text = typeof data === 'string';
    const bytes = text ? Buffer.from(data) : data;
    const { maxMessageSize, limits } = this.#options;
    if (maxMessageSize > 0 && bytes.length > maxMessageSize) return false;
    if (channel.buffered + bytes.length > limits.maxBacklogBytes || channel.messages >= MAX_BACKLOG_MESSAGES) {
      channel.refused = true;
      return false;
    }
    channel.buffered += bytes.length;
    channel.messages++;
    const { ordered, maxRetransmits } = channel.info;
    const message: OutboundMessage = {
      stream: id,
      bytes: bytes.length,
      ordered,
      maxRetransmits,
      expiresAt: channel.maxLifetimeMs === null ? null : this.#clock() + channel.maxLifetimeMs,
      abandoned: false,
      left: 0,
    };
    // SCTP has no empty messages: one zero byte of its own kind stands for them (RFC 8831 §6.6).
    if (bytes.length === 0)
      this.#association.send(message, text ? PPID.stringEmpty : PPID.binaryEmpty, Buffer.alloc(1));
    else this.#association.send(message, text ? PPID.string : PPID.binary, bytes);
    return true;
  }

  buffered(id: ChannelId): number {
    return this.#channels.get(id)?.buffered ?? 0;
  }

  closeChannel(id: ChannelId): void {
    const channel = this.#channels.get(id);
    if (channel === undefined || channel.state === 'closing') return;
    channel.state = 'closing';
    // What was sent before goes first; its acknowledgement brings the reset on its way.
    if (channel.buffered === 0) this.#association.resetStream(id);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#association.close();
    this.#channels.clear();
  }

  #receiveMessage({ stream: id, ppid, data }: InboundMessage): void {
    if (this.#closed) return;
    if (ppid === PPID.dcep) {
      this.#receiveControl(id, data);
      return;
    }
    const channel = this.#channels.get(id);
    if (channel === undefined) return;
    // Data instead of the ACK says the same (RFC 8832 §6).
    if (channel.state === 'opening') this.#opened(channel);
    const { sink } = this.#options;
    switch (ppid) {
      case PPID.string:
        sink.onMessage(id, data.toString('utf8'));
        break;
      case PPID.binary:
        sink.onMessage(id, data);
        break;
      case PPID.stringEmpty:
        sink.onMessage(id, '');
        break;
      case PPID.binaryEmpty:
        sink.onMessage(id, new Uint8Array(0));
        break;
      default:
        break;
    }
  }

  #receiveControl(id: ChannelId, data: Buffer): void {
    const channel = this.#channels.get(id);
    if (isAck(data)) {
      if (channel?.state === 'opening') this.#opened(channel);
      return;
    }
    const open = parseOpen(data);
    if (open === null || channel !== undefined) return;
    this.#receiveOpen(id, open);
  }

  #receiveOpen(id: ChannelId, open: OpenMessage): void {
    const { role, limits } = this.#options;
    // Their ids have the other parity than ours (RFC 8832 §6).
    const ours = id % 2 === (role === 'client' ? 0 : 1);
    if (ours || id > MAX_ID || this.#channels.size >= limits.maxChannels) {
      this.#association.resetStream(id);
      return;
    }
    const { label, protocol, ordered, maxRetransmits, maxLifetimeMs } = open;
    const info: ChannelInfo = { id, label, protocol, ordered, maxRetransmits, origin: 'remote' };
    if (this.#control.size >= MAX_BACKLOG_CONTROL) {
      this.#association.close();
      this.#failed('too many channels opened without an acknowledgement');
      return;
    }
    const channel = this.#add(info, maxLifetimeMs, 'open');
    this.#sendControl(id, ACK_MESSAGE);
    this.#options.sink.onOpen(channel.info);
  }

  #add(info: ChannelInfo, maxLifetimeMs: number | null, state: Channel['state']): Channel {
    const channel: Channel = { info, maxLifetimeMs, state, buffered: 0, messages: 0, refused: false };
    this.#channels.set(info.id, channel);
    return channel;
  }

  #opened(channel: Channel): void {
    channel.state = 'open';
    this.#options.sink.onOpen(channel.info);
  }

  #sendControl(id: ChannelId, data: Buffer): void {
    const message: OutboundMessage = {
      stream: id,
      bytes: 0,
      ordered: true,
      maxRetransmits: null,
      expiresAt: null,
      abandoned: false,
      left: 0,
    };
    this.#control.add(message);
    this.#association.send(message, PPID.dcep, data);
  }

  #released(message: OutboundMessage): void {
    const control = this.#control.delete(message);
    const channel = this.#channels.get(message.stream);
    if (this.#closed || channel === undefined) return;
    if (!control) {
      channel.buffered -= message.bytes;
      channel.messages--;
    }
    if (channel.state === 'closing') {
      if (channel.buffered === 0) this.#association.resetStream(channel.info.id);
    } else if (channel.refused && this.#hasRoom(channel)) {
      channel.refused = false;
      this.#options.sink.onDrain?.(channel.info.id);
    }
  }

  #hasRoom({ buffered, messages }: Channel): boolean {
    return buffered <= this.#options.limits.maxBacklogBytes / 2 && messages <= MAX_BACKLOG_MESSAGES / 2;
  }

  /** The other end closed: our side of the stream is reset too, then the id is free (RFC 8831 §6.7). */
  #remoteReset(id: ChannelId): void {
    const channel = this.#channels.get(id);
    if (channel === undefined) return;
    if (channel.state !== 'closing') this.#association.resetStream(id);
    this.#remove(id);
  }

  #remove(id: ChannelId): void {
    if (this.#channels.delete(id) && !this.#closed) this.#options.sink.onClose(id);
  }

  #failed(reason: string): void {
    if (this.#closed) return;
    const ids = [...this.#channels.keys()];
    for (const id of ids) this.#remove(id);
    this.#closed = true;
    this.#options.sink.onFailed?.(reason);
  }
}
