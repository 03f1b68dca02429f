/**
 * Hostile bytes, made from real conversations (`fixtures/`: what ffmpeg 5.1, ffprobe 5.1 and nginx-rtmp 1.2.2 said to the server,
 * from the first byte of the handshake). Seeds that found something stay in the tables.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readAmf0 } from './amf0.ts';
import { ChunkReader } from './chunk-reader.ts';
import { RtmpError } from './errors.ts';
import { HANDSHAKE_RANDOM_BYTES, Handshake } from './handshake.ts';
import { RtmpClient } from './testing/client.ts';
import { LIMITS } from './testing/limits.ts';
import { mutate, randomOf } from './testing/mutate.ts';
import { type Served, serve } from './testing/serve.ts';

const SEEDS = [1, 42, 20261121];
const HANDSHAKE_BYTES = 1 + 2 * 1536;

const folder = new URL('./fixtures/', import.meta.url);
const fixtures = readdirSync(folder)
  .filter((name) => name.endsWith('.bin'))
  .map((name) => ({ name, bytes: readFileSync(new URL(name, folder)) }));
const conversations = fixtures.map(({ bytes }) => bytes);

/** Calls with random pieces of the bytes. */
function inPieces(bytes: Uint8Array, random: () => number, each: (piece: Uint8Array) => void): void {
  for (let at = 0; at < bytes.length; ) {
    const end = Math.min(bytes.length, at + 1 + Math.floor(random() ** 4 * 4_000));
    each(bytes.subarray(at, end));
    at = end;
  }
}

function expectOnlyRefusals(act: () => void): void {
  try {
    act();
  } catch (error) {
    expect(error).toBeInstanceOf(RtmpError);
  }
}

describe('fuzz, in memory', () => {
  it('the conversations are there and whole', () => {
    expect(fixtures.map(({ name }) => name)).toEqual([
      'ffmpeg-push-extended.bin',
      'ffmpeg-push.bin',
      'ffprobe-play.bin',
      'nginx-relay.bin',
    ]);
    for (const bytes of conversations) {
      let messages = 0;
      const reader = new ChunkReader(LIMITS, () => {
        messages += 1;
      });
      reader.read(bytes, HANDSHAKE_BYTES);
      expect(messages).toBeGreaterThan(4);
      expect(reader.pendingBytes).toBe(0);
    }
  });

  it.each(SEEDS)('[RT70] chunk reader and AMF0 refuse or read, within their limits (seed %i)', (seed) => {
    const random = randomOf(seed);
    const tight = { ...LIMITS, maxMessageBytes: 20_000, maxPendingBytes: 30_000 };
    for (let round = 0; round < 1_500; round += 1) {
      const source = conversations[round % conversations.length] ?? new Uint8Array(0);
      const bytes = mutate(source.subarray(HANDSHAKE_BYTES), conversations, random);
      const reader = new ChunkReader(tight, (_type, _stream, timestamp, payload) => {
        expect(payload.length).toBeLessThanOrEqual(tight.maxMessageBytes);
        expect(Number.isInteger(timestamp) && timestamp >= 0 && timestamp < 2 ** 32).toBe(true);
        expectOnlyRefusals(() => readAmf0(payload, 0, LIMITS.amf));
      });
      expectOnlyRefusals(() => {
        inPieces(bytes, random, (piece) => {
          expect(reader.read(piece, 0)).toBe(piece.length);
          expect(reader.pendingBytes).toBeGreaterThanOrEqual(0);
          expect(reader.pendingBytes).toBeLessThanOrEqual(tight.maxPendingBytes);
        });
      });
    }
  });

  it.each(SEEDS)('[RT70] the cutting of the bytes changes nothing, however damaged they are (seed %i)', (seed) => {
    const random = randomOf(seed);
    const tell = (pieces: (each: (piece: Uint8Array) => void) => void): string[] => {
      const told: string[] = [];
      const reader = new ChunkReader(LIMITS, (type, stream, timestamp, payload) => {
        told.push(`${type} ${stream} ${timestamp} ${Buffer.from(payload).toString('base64')}`);
      });
      try {
        pieces((piece) => reader.read(piece, 0));
      } catch (error) {
        told.push(String(error));
      }
      return told;
    };
    for (let round = 0; round < 300; round += 1) {
      const source = conversations[round % conversations.length] ?? new Uint8Array(0);
      const bytes = mutate(source.subarray(HANDSHAKE_BYTES), conversations, random);
      const whole = tell((each) => each(bytes));
      expect(tell((each) => inPieces(bytes, random, each))).toEqual(whole);
    }
  });

  it.each(SEEDS)('[RT70] the handshake refuses or answers once (seed %i)', (seed) => {
    const random = randomOf(seed);
    for (let round = 0; round < 1_000; round += 1) {
      const bytes = mutate(
        (conversations[round % 4] ?? new Uint8Array(0)).subarray(0, HANDSHAKE_BYTES),
        conversations,
        random,
      );
      let sent = 0;
      const handshake = new Handshake('server', new Uint8Array(HANDSHAKE_RANDOM_BYTES), (answer) => {
        sent += answer.length;
      });
      expectOnlyRefusals(() =>
        inPieces(bytes, random, (piece) => {
          if (!handshake.done) handshake.read(piece, 0);
        }),
      );
      expect([0, HANDSHAKE_BYTES]).toContain(sent);
    }
  });
});

describe('fuzz, on a socket', () => {
  let served: Served;
  let bystander: RtmpClient;
  let stamp = 0;
  const limits = { setupMs: 60_000, maxConnections: 500, maxConnectionsPerAddress: 500 };

  beforeAll(async () => {
    served = await serve(limits);
    served.hub.keep = 1_000_000;
    bystander = await RtmpClient.connect({ host: '127.0.0.1', port: served.server.port, app: 'live' });
    await bystander.publish('bystander');
  });
  afterAll(async () => {
    bystander.close();
    await served.server.close('shutdown');
  });

  /** Says the bytes and hangs up; resolves when the server has let go. */
  function say(bytes: Uint8Array, random: () => number): Promise<void> {
    return new Promise((resolve) => {
      const socket = connect(served.server.port, '127.0.0.1');
      socket.on('error', () => {});
      socket.once('close', () => resolve());
      socket.resume();
      inPieces(bytes, random, (piece) => socket.write(piece));
      socket.end();
    });
  }

  async function bystanderUnharmed(): Promise<void> {
    stamp += 1;
    const stream = served.hub.streams.find((one) => one.target.stream === 'bystander');
    bystander.send('audio', stamp, Uint8Array.of(stamp & 0xff));
    await served.hub.until(() => stream?.media.at(-1)?.timestamp === stamp);
    expect(stream?.ends).toEqual([]);
  }

  it('[RT71] the conversations as they were come to their streams', async () => {
    for (const { bytes } of fixtures) await say(bytes, randomOf(1));
    const pushed = served.hub.streams.filter((stream) => stream.target.stream !== 'bystander');
    await served.hub.until(() => pushed.every((stream) => stream.ends.length === 1));
    expect(pushed.map((stream) => stream.target.stream).sort()).toEqual(['1400_1_alice', 'relayed', 'x']);
    for (const stream of pushed) expect(stream.media.length).toBeGreaterThan(15);
    await bystanderUnharmed();
  });

  it.each(SEEDS)('[RT71] damaged conversations end at most their own connection (seed %i)', async (seed) => {
    const random = randomOf(seed);
    for (let round = 0; round < 20; round += 1) {
      await Promise.all(
        Array.from({ length: 20 }, (_, i) => {
          const source = conversations[i % conversations.length] ?? new Uint8Array(0);
          return say(mutate(source, conversations, random, HANDSHAKE_BYTES), random);
        }),
      );
      await bystanderUnharmed();
    }
    for (const stream of served.hub.streams)
      expect(stream.ends.length).toBe(stream.target.stream === 'bystander' ? 0 : 1);
  });

  it('[RT72] strangers that claim long messages reserve next to nothing', async () => {
    const before = process.memoryUsage().arrayBuffers;
    // After the handshake: sixteen headers that claim 65,535 bytes each, twice over the bound for strangers.
    const greedy = Buffer.concat([
      Buffer.concat([Uint8Array.of(3), new Uint8Array(HANDSHAKE_BYTES - 1)]),
      ...Array.from({ length: 16 }, (_, i) =>
        Buffer.concat([Uint8Array.of(3 + i, 0, 0, 0, 0, 0xff, 0xff, 20, 0, 0, 0, 0), new Uint8Array(128)]),
      ),
    ]);
    const sockets = Array.from({ length: 200 }, () => {
      const socket = connect(served.server.port, '127.0.0.1');
      socket.on('error', () => {});
      socket.resume();
      const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
      socket.write(greedy);
      return closed;
    });
    await Promise.all(sockets);
    expect(served.troubles.filter((sentence) => sentence.includes('not yet complete')).length).toBeGreaterThanOrEqual(
      200,
    );
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(200 * 400_000);
    await bystanderUnharmed();
  });
});
