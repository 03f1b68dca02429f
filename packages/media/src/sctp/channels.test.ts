import { afterEach, describe, expect, it } from 'vitest';
import { until } from '../transport/contract/wire.ts';
import { crc32c } from './crc32c.ts';
import { buildChunk, buildPacket, CHUNK, parsePacket } from './packet.ts';
import { type ChannelEnd, linkEnds, seeded } from './testing.ts';
import type { ChannelId, ChannelOptions } from './types.ts';

const RELIABLE: ChannelOptions = { ordered: true, maxRetransmits: null };
const LOSSY: ChannelOptions = { ordered: false, maxRetransmits: 0 };
const SEEDS = [1, 7, 42, 20261121];

let close: (() => void) | null = null;
afterEach(() => {
  close?.();
  close = null;
});

function link(...args: Parameters<typeof linkEnds>) {
  const ends = linkEnds(...args);
  close = ends.close;
  return ends;
}

/** A channel opened by `from`, usable on both ends. */
async function channel(from: ChannelEnd, to: ChannelEnd, options = RELIABLE, label = 'test'): Promise<ChannelId> {
  const id = from.channels.create(label, options);
  from.channels.start();
  to.channels.start();
  await until(() => from.opened.some((c) => c.id === id) && to.opened.some((c) => c.id === id), 'the channel');
  return id;
}

/** Drops, repeats and reorders. */
function badLink(end: ChannelEnd, seed: number, lossPercent: number): void {
  const random = seeded(seed);
  let held: Buffer | null = null;
  end.filter = (packet) => {
    if (random(100) < lossPercent) return [];
    if (held === null && random(10) === 0) {
      held = packet;
      return [];
    }
    const out = held === null ? [packet] : [packet, held];
    held = null;
    return random(20) === 0 ? [...out, packet] : out;
  };
}

describe('data channels', () => {
  it('[TP60] both ends may begin at once; channels of both open with their own parity', async () => {
    const { client, server } = link();
    const [a, b] = [client.channels.create('_reliable', RELIABLE), server.channels.create('_lossy', LOSSY)];
    client.channels.start();
    server.channels.start();
    await until(() => client.opened.length === 2 && server.opened.length === 2, 'both channels');
    expect([a % 2, b % 2]).toEqual([0, 1]);
    expect(server.opened.find(({ id }) => id === a)).toEqual({
      id: a,
      label: '_reliable',
      protocol: '',
      ordered: true,
      maxRetransmits: null,
      origin: 'remote',
    });
    expect(client.opened.find(({ id }) => id === b)).toMatchObject({ label: '_lossy', ...LOSSY, origin: 'remote' });
  });

  it('[TP60] one end alone may begin', async () => {
    const { client, server } = link();
    client.channels.create('x', RELIABLE);
    client.channels.start();
    await until(() => server.opened.length === 1 && client.opened.length === 1, 'the channel');
  });

  it('[TP61] strings, bytes, empty and long messages arrive as they were, in order', async () => {
    const { client, server } = link();
    const id = await channel(client, server);
    const long = Buffer.from(Array.from({ length: 200_000 }, (_, i) => i % 251));
    const sent = ['你好', Buffer.from([1, 2, 3]), '', Buffer.alloc(0), long, 'end'];
    for (const message of sent) expect(client.channels.send(id, message)).toBe(true);
    expect(server.channels.send(id, 'back')).toBe(true);
    await until(() => server.messages.length === sent.length && client.messages.length === 1, 'messages');
    server.messages.forEach(({ data }, i) => {
      const expected = sent[i]!;
      if (typeof expected === 'string') expect(data).toBe(expected);
      else expect(Buffer.from(data as Uint8Array).equals(expected)).toBe(true);
    });
    await until(() => client.channels.buffered(id) === 0, 'acknowledgements');
  });

  it('[TP62] small messages of one turn share packets', async () => {
    const { client, server } = link();
    const id = await channel(client, server);
    await until(() => client.channels.buffered(id) === 0, 'quiet');
    const before = client.packetsOut;
    for (let i = 0; i < 100; i++) client.channels.send(id, `message ${i}`);
    await until(() => server.messages.length === 100, 'messages');
    expect(client.packetsOut - before).toBeLessThan(10);
  });

  it.each(SEEDS)('[TP63] seed %i: reliable channels lose and reorder nothing on a bad link', async (seed) => {
    const { client, server } = link();
    const id = await channel(client, server);
    badLink(client, seed, 8);
    badLink(server, seed + 1, 8);
    const sent: string[] = [];
    const random = seeded(seed);
    for (let i = 0; i < 60; i++) {
      sent.push(`${i}:${'x'.repeat(random(8000))}`);
      expect(client.channels.send(id, sent[i]!)).toBe(true);
    }
    await until(() => server.messages.length >= sent.length, 'all messages');
    expect(server.texts()).toEqual(sent);
    await until(() => client.channels.buffered(id) === 0, 'acknowledgements');
  });

  it.each(SEEDS)('[TP64] seed %i: lossy channels lose some on a bad link, block never and lie never', async (seed) => {
    const { client, server } = link();
    const id = await channel(client, server, LOSSY);
    const reliable = await channel(client, server, RELIABLE, 'beside');
    badLink(client, seed, 20);
    for (let i = 0; i < 200; i++) {
      client.channels.send(id, `${i}:${'y'.repeat(i * 20)}`);
      if (i % 20 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    client.channels.send(reliable, 'done');
    await until(() => server.texts().includes('done'), 'the reliable message behind');
    await until(() => client.channels.buffered(id) === 0, 'everything sent or given up');
    const lossy = server.messages.filter((message) => message.id === id).map(({ data }) => String(data));
    expect(lossy.length).toBeGreaterThan(20);
    expect(lossy.length).toBeLessThan(200);
    expect(new Set(lossy).size).toBe(lossy.length);
    for (const text of lossy) expect(text).toBe(`${text.split(':')[0]}:${'y'.repeat(Number(text.split(':')[0]) * 20)}`);
  });

  it('[TP64] an ordered channel of limited retransmission goes on behind what it lost', async () => {
    const { client, server } = link();
    const id = await channel(client, server, { ordered: true, maxRetransmits: 0 });
    client.filter = (packet) => (packet.includes('lost') ? [] : [packet]);
    client.channels.send(id, 'first');
    await until(() => server.messages.length === 1, 'the first');
    client.channels.send(id, 'lost');
    await Promise.resolve();
    for (const text of ['a', 'b', 'c', 'd']) {
      client.channels.send(id, text);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await until(() => server.messages.length === 5, 'what came after');
    expect(server.texts()).toEqual(['first', 'a', 'b', 'c', 'd']);
  });

  it('[TP65] the backlog is capped per channel, and its draining is told', async () => {
    const { client, server } = link({ maxBacklogBytes: 100_000 });
    const id = await channel(client, server);
    let accepted = 0;
    while (client.channels.send(id, Buffer.alloc(10_000))) accepted++;
    expect(accepted).toBe(10);
    expect(client.channels.buffered(id)).toBe(100_000);
    await until(() => client.drained.length === 1, 'the drain');
    expect(client.channels.send(id, Buffer.alloc(10_000))).toBe(true);
    await until(() => server.messages.length === 11, 'messages');
  });

  it('[TP65] too long messages and unknown, unopened or closed channels are refused', async () => {
    const { client, server } = link({}, 1000);
    const unopened = client.channels.create('later', RELIABLE);
    expect(client.channels.send(unopened, 'x')).toBe(false);
    const id = await channel(client, server);
    expect(client.channels.send(id, Buffer.alloc(1001))).toBe(false);
    expect(client.channels.send(id, Buffer.alloc(1000))).toBe(true);
    expect(client.channels.send(999, 'x')).toBe(false);
    client.channels.close();
    expect(client.channels.send(id, 'x')).toBe(false);
    await until(() => server.failure !== null, 'the abort');
    expect(server.closed).toContain(id);
  });

  it('[TP66] closing a channel delivers what was sent, closes both sides and frees the id', async () => {
    const { client, server } = link();
    const id = await channel(client, server);
    const other = await channel(server, client, RELIABLE, 'other');
    client.channels.send(id, Buffer.alloc(100_000, 1));
    client.channels.closeChannel(id);
    expect(client.channels.send(id, 'too late')).toBe(false);
    await until(() => client.closed.length === 1 && server.closed.length === 1, 'the end');
    expect(server.messages.length).toBe(1);
    expect([client.closed, server.closed]).toEqual([[id], [id]]);
    server.channels.send(other, 'still open');
    await until(() => client.messages.length === 1, 'the other channel');
  });

  it('[TP65] messages are counted too, since small ones cost more than their bytes', async () => {
    const { client, server } = link();
    const id = await channel(client, server);
    client.filter = () => [];
    let sent = 0;
    while (client.channels.send(id, 'x')) sent++;
    expect(sent).toBe(16_384);
  });

  it('[TP67] one who opens channels and acknowledges nothing ends its association', async () => {
    const { client, server } = link({ maxChannels: 5_000 });
    await channel(client, server);
    server.filter = (packet) =>
      parsePacket(packet, 5000, 5000)!.chunks.some((chunk) => chunk.type === CHUNK.data) ? [] : [packet];
    for (let i = 0; i < 1_100; i++) client.channels.create(`${i}`, RELIABLE);
    await until(() => server.failure !== null, 'the end');
    expect(server.failure).toContain('acknowledgement');
  });

  it('[TP67] channels are limited', async () => {
    const { client, server } = link({ maxChannels: 2 });
    await channel(client, server);
    await channel(client, server, RELIABLE, 'second');
    expect(() => client.channels.create('third', RELIABLE)).toThrow(/Too many/);
  });

  it('[TP68] bytes that are never made whole are capped, at the cost of this association alone', async () => {
    const { client, server } = link({ maxReassemblyBytes: 50_000, maxBacklogBytes: 10_000_000 });
    const id = await channel(client, server);
    // The first fragment never comes, and the sender ignores the window it is told.
    client.filter = (packet) => {
      const parsed = parsePacket(packet, 5000, 5000)!;
      return parsed.chunks.some((c) => c.type === CHUNK.data && (c.flags & 2) !== 0) ? [] : [packet];
    };
    server.filter = (packet) => {
      const parsed = parsePacket(packet, 5000, 5000)!;
      const chunks = parsed.chunks.map((c) => {
        const value = Buffer.from(c.value);
        if (c.type === CHUNK.sack) value.writeUInt32BE(0x7fffffff, 4);
        return buildChunk(c.type, c.flags, value);
      });
      return [buildPacket(5000, 5000, parsed.tag, chunks)];
    };
    for (let i = 0; i < 4; i++) client.channels.send(id, Buffer.alloc(2_000_000, i));
    await until(() => server.failure !== null || client.failure !== null, 'the end');
    expect(server.failure ?? client.failure).not.toBeNull();
  });
});

describe('hostile packets', () => {
  it.each(SEEDS)('[TP69] seed %i: mangled packets with right checksums never throw', async (seed) => {
    const { client, server } = link();
    const id = await channel(client, server);
    const random = seeded(seed);
    const captured: Buffer[] = [];
    client.filter = (packet) => {
      captured.push(packet);
      return [packet];
    };
    for (let i = 0; i < 30; i++) client.channels.send(id, Buffer.alloc(random(5000), i));
    await until(() => server.messages.length === 30, 'messages');
    for (let i = 0; i < 3000; i++) {
      const packet = Buffer.from(captured[random(captured.length)]!.subarray(0, 12 + random(1200)));
      for (let n = random(12); n > 0; n--) packet[12 + random(packet.length)] = random(256);
      if (random(2) === 0 && packet.length > 13) packet[12] = [0, 1, 2, 3, 6, 9, 10, 14, 130, 192][random(10)]!;
      if (packet.length >= 12) packet.writeUInt32LE(crc32c(packet, 8), 8);
      server.channels.receive(packet);
    }
    for (let length = 0; length < 40; length++) server.channels.receive(Buffer.alloc(length, seed));
  });

  it('[TP69] acknowledgements of what was never sent, and wild gap blocks, change nothing and cost little', async () => {
    const { client, server } = link();
    const id = await channel(client, server);
    let tag = 0;
    let acknowledged: number | null = null;
    client.filter = (packet) => {
      tag = packet.readUInt32BE(4);
      const sack = parsePacket(packet, 5000, 5000)?.chunks.find(({ type }) => type === CHUNK.sack);
      if (sack !== undefined) acknowledged = sack.value.readUInt32BE(0);
      return [packet];
    };
    server.channels.send(id, 'before');
    await until(() => client.messages.length === 1 && acknowledged !== null, 'a message');
    const wild = Buffer.alloc(12 + 280 * 4);
    const beyond = Buffer.from(wild);
    beyond.writeUInt32BE((acknowledged! + 5) >>> 0, 0);
    server.channels.receive(buildPacket(5000, 5000, tag, [buildChunk(CHUNK.sack, 0, beyond)]));
    wild.writeUInt32BE(acknowledged!, 0);
    wild.writeUInt32BE(1_000_000, 4);
    wild.writeUInt16BE(280, 8);
    for (let i = 0; i < 280; i++) wild.writeUInt32BE(0x0001ffff, 12 + i * 4);
    for (let i = 0; i < 1000; i++)
      server.channels.receive(buildPacket(5000, 5000, tag, [buildChunk(CHUNK.sack, 0, wild)]));
    server.channels.send(id, 'after');
    await until(() => client.messages.length === 2, 'the next message');
  });

  it('[TP69] packets with another tag, port or checksum are not read', async () => {
    const { client, server } = link();
    const id = await channel(client, server);
    const abort = buildChunk(CHUNK.abort, 0, Buffer.alloc(0));
    server.channels.receive(buildPacket(5000, 5000, 12345, [abort]));
    server.channels.receive(buildPacket(5001, 5000, 12345, [abort]));
    client.channels.send(id, 'alive');
    await until(() => server.messages.length === 1, 'a message');
    expect(server.failure).toBeNull();
  });

  it('[TP69] the checksum is CRC-32C', () => {
    // RFC 3720 B.4: 32 bytes of zeros, of ones, and ascending.
    expect(crc32c(Buffer.alloc(32), 100)).toBe(0x8a9136aa);
    expect(crc32c(Buffer.alloc(32, 0xff), 100)).toBe(0x62a8ab43);
    expect(crc32c(Buffer.from(Array.from({ length: 32 }, (_, i) => i)), 100)).toBe(0x46dd794e);
  });
});
