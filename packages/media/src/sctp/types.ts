/**
 * Data channels (RFC 8831, RFC 8832) over one DTLS association, as the connection above sees them. The transport below
 * carries opaque bytes: what {@link DataChannelsOptions.sendPacket} is given goes into `Transport.sendData`, and what
 * `PeerSink.onData` hands out goes into {@link DataChannelsPort.receive}.
 */
import type { DtlsRole } from '../transport/types.ts';

/** SCTP stream id of a channel: even ids are opened by the DTLS client, odd ids by the server (RFC 8832 §6). */
export type ChannelId = number;

/** How a channel delivers. Absent limits mean reliable; `maxRetransmits: 0` with `ordered: false` is "lossy". */
export interface ChannelOptions {
  readonly ordered: boolean;
  /** Resend a message at most so often; null = for ever (reliable). */
  readonly maxRetransmits: number | null;
}

/** One open (or opening) channel. */
export interface ChannelInfo extends ChannelOptions {
  readonly id: ChannelId;
  readonly label: string;
  readonly protocol: string;
  /** `remote`: the other end opened it by DCEP. */
  readonly origin: 'local' | 'remote';
}

/** Called synchronously while a packet is received or sent: return quickly, do not throw. */
export interface DataChannelsSink {
  /** The channel can carry data: our own was acknowledged, or the remote opened one. */
  onOpen(channel: ChannelInfo): void;
  /** One whole message. Strings (PPID 51/56) and bytes (53/57) are told apart by type; the bytes are the sink's own. */
  onMessage(id: ChannelId, data: Uint8Array | string): void;
  /** The channel was reset by either end, or the association ended. Not called for `close()` of the whole. */
  onClose(id: ChannelId): void;
  /** A queue fell to its low-water mark (half of `maxBacklogBytes`) after a `send` had been refused. */
  onDrain?(id: ChannelId): void;
  /** The association is unusable (aborted by the peer, retransmission limit, broken limits); nothing more will come. */
  onFailed?(reason: string): void;
}

export interface DataChannelsLimits {
  /** Channels open at once, both origins together; more are reset at once. */
  readonly maxChannels: number;
  /** Bytes of incoming messages not yet whole, over all channels; above it the association fails. */
  readonly maxReassemblyBytes: number;
  /** Bytes queued and not yet acknowledged, per channel; `send` refuses above it. */
  readonly maxBacklogBytes: number;
}

export const DEFAULT_DATA_CHANNEL_LIMITS: DataChannelsLimits = {
  maxChannels: 16,
  maxReassemblyBytes: 4 * 1024 * 1024,
  maxBacklogBytes: 8 * 1024 * 1024,
};

export interface DataChannelsOptions {
  /** Our DTLS role: it fixes the parity of the stream ids we open. */
  readonly role: DtlsRole;
  /** Sends one SCTP packet: `transport.sendData(peer, packet)`. The buffer is handed over. */
  readonly sendPacket: (packet: Uint8Array) => void;
  /** `a=max-message-size` of the other end, in bytes; 0 = no limit. Longer messages are refused by `send`. */
  readonly maxMessageSize: number;
  /** `a=sctp-port` of both ends; 5000 everywhere in WebRTC. */
  readonly localPort?: number;
  readonly remotePort?: number;
  readonly limits: DataChannelsLimits;
  /** Monotonic milliseconds; `performance.now` when absent. */
  readonly clock?: () => number;
  readonly sink: DataChannelsSink;
}

/** What `new DataChannels(options)` in `channels.ts` implements. */
export interface DataChannelsPort {
  /**
   * Begins the association. Call it once the transport peer is `connected` (later calls do nothing). Both ends may
   * begin at once (RFC 9260 §5.2); packets of the other end that come earlier are answered all the same.
   */
  start(): void;
  /** One SCTP packet from the peer. Hostile bytes are dropped or fail this association alone; never throws. */
  receive(packet: Uint8Array): void;
  /** Opens a channel by DCEP; may be called before `start`. `onOpen` tells when it is usable. Throws above `maxChannels`. */
  create(label: string, options: ChannelOptions): ChannelId;
  /** Queues one message. False: unknown or not open, too long, or the backlog is full (nothing was queued then). */
  send(id: ChannelId, data: Uint8Array | string): boolean;
  /** Bytes queued or in flight on the channel. */
  buffered(id: ChannelId): number;
  /** Resets one channel. */
  closeChannel(id: ChannelId): void;
  /** Ends the association and every timer at once; nothing is called afterwards. */
  close(): void;
}
