import { DataChannels } from './channels.ts';
import {
  type ChannelId,
  type ChannelInfo,
  type DataChannelsLimits,
  type DataChannelsSink,
  DEFAULT_DATA_CHANNEL_LIMITS,
} from './types.ts';

/** One end of a link in memory, and everything it was told. */
export class ChannelEnd implements DataChannelsSink {
  readonly channels: DataChannels;
  readonly opened: ChannelInfo[] = [];
  readonly closed: ChannelId[] = [];
  readonly drained: ChannelId[] = [];
  readonly messages: { readonly id: ChannelId; readonly data: Uint8Array | string }[] = [];
  failure: string | null = null;
  packetsOut = 0;
  other: ChannelEnd | null = null;
  /** Packets to deliver instead of this one. */
  filter: (packet: Buffer) => readonly Buffer[] = (packet) => [packet];

  constructor(role: 'client' | 'server', limits: Partial<DataChannelsLimits> = {}, maxMessageSize = 0) {
    this.channels = new DataChannels({
      role,
      maxMessageSize,
      limits: { ...DEFAULT_DATA_CHANNEL_LIMITS, ...limits },
      sink: this,
      sendPacket: (packet) => {
        this.packetsOut++;
        for (const delivered of this.filter(Buffer.from(packet))) {
          setImmediate(() => this.other?.channels.receive(delivered));
        }
      },
    });
  }

  onOpen(channel: ChannelInfo): void {
    this.opened.push(channel);
  }

  onMessage(id: ChannelId, data: Uint8Array | string): void {
    this.messages.push({ id, data });
  }

  onClose(id: ChannelId): void {
    this.closed.push(id);
  }

  onDrain(id: ChannelId): void {
    this.drained.push(id);
  }

  onFailed(reason: string): void {
    this.failure = reason;
  }

  texts(): string[] {
    return this.messages.map(({ data }) => (typeof data === 'string' ? data : Buffer.from(data).toString()));
  }
}

/** Two ends on one link. */
export function linkEnds(
  limits: Partial<DataChannelsLimits> = {},
  maxMessageSize = 0,
): { client: ChannelEnd; server: ChannelEnd; close: () => void } {
  const client = new ChannelEnd('client', limits, maxMessageSize);
  const server = new ChannelEnd('server', limits, maxMessageSize);
  client.other = server;
  server.other = client;
  return {
    client,
    server,
    close: () => {
      client.channels.close();
      server.channels.close();
    },
  };
}

/** Small seeded generator (mulberry32): 0 ≤ answer < below. */
export function seeded(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}
