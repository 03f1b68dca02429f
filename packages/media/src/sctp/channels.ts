import { RTCDataChannel, RTCDataChannelParameters, RTCSctpTransport } from 'werift';
import type { ChannelId, ChannelInfo, ChannelOptions, DataChannelsOptions, DataChannelsPort } from './types.ts';

/** First version: werift's SCTP behind {@link DataChannelsPort}. */
export class DataChannels implements DataChannelsPort {
  readonly #options: DataChannelsOptions;
  readonly #transport: RTCSctpTransport;
  readonly #channels = new Map<ChannelId, { channel: RTCDataChannel; info: ChannelInfo; refused: boolean }>();
  #nextId: number;
  #closed = false;

  constructor(options: DataChannelsOptions) {
    this.#options = options;
    this.#nextId = options.role === 'client' ? 0 : 1;
    const transport = new RTCSctpTransport(options.localPort ?? 5000);
    transport.setRemoteMaxMessageSize(options.maxMessageSize);
    const dtls = {
      id: 'peer',
      iceTransport: { role: 'controlled' },
      onStateChange: { subscribe: () => ({ unSubscribe: () => {} }) },
      dataReceiver: () => {},
      sendData: (data: Buffer) => {
        if (!this.#closed) options.sendPacket(data);
        return Promise.resolve();
      },
    };
    transport.setDtlsTransport(dtls as unknown as Parameters<RTCSctpTransport['setDtlsTransport']>[0]);
    transport.onDataChannel.subscribe((channel) => {
      if (this.#channels.size >= options.limits.maxChannels) channel.close();
      else this.#adopt(channel, 'remote');
    });
    this.#transport = transport;
  }

  start(): void {
    void this.#transport.start(this.#options.remotePort ?? 5000);
  }

  receive(packet: Uint8Array): void {
    if (this.#closed) return;
    this.#transport.sctp['handleData'](Buffer.from(packet)).catch(() => {});
  }

  create(label: string, { ordered, maxRetransmits }: ChannelOptions): ChannelId {
    if (this.#channels.size >= this.#options.limits.maxChannels) throw new Error('Too many channels');
    const id = this.#nextId;
    this.#nextId += 2;
    const parameters = new RTCDataChannelParameters({
      label,
      ordered,
      id,
      ...(maxRetransmits === null ? {} : { maxRetransmits }),
    });
    this.#adopt(new RTCDataChannel(this.#transport, parameters), 'local');
    return id;
  }

  send(id: ChannelId, data: Uint8Array | string): boolean {
    const entry = this.#channels.get(id);
    if (entry === undefined || entry.channel.readyState !== 'open') return false;
    const bytes = typeof data === 'string' ? data : Buffer.from(data);
    const size = Buffer.byteLength(bytes);
    const { maxMessageSize, limits } = this.#options;
    if (maxMessageSize > 0 && size > maxMessageSize) return false;
    if (entry.channel.bufferedAmount + size > limits.maxBacklogBytes) return false;
    entry.channel.send(bytes);
    return true;
  }

  buffered(id: ChannelId): number {
    return this.#channels.get(id)?.channel.bufferedAmount ?? 0;
  }

  closeChannel(id: ChannelId): void {
    this.#channels.get(id)?.channel.close();
  }

  close(): void {
    if (this.#closed) return;
    void this.#transport.stop().catch(() => {});
    this.#closed = true;
  }

  #adopt(channel: RTCDataChannel, origin: ChannelInfo['origin']): void {
    const id = channel.id ?? 0;
    const { label, protocol, ordered, maxRetransmits } = channel;
    const info: ChannelInfo = { id, label, protocol, ordered, maxRetransmits, origin };
    this.#channels.set(id, { channel, info, refused: false });
    channel.onMessage.subscribe((data) => {
      if (!this.#closed) this.#options.sink.onMessage(id, data);
    });
    channel.stateChange.subscribe((state) => {
      if (this.#closed) return;
      if (state === 'open') this.#options.sink.onOpen(info);
      else if (state === 'closed') {
        this.#channels.delete(id);
        this.#options.sink.onClose(id);
      }
    });
  }
}
