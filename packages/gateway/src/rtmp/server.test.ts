/** The server on a real socket with our own client: conversation, limits, back-pressure. */
import { connect, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { addressGroup } from './address.ts';
import { amfObject, readAmf0, writeAmf0 } from './amf0.ts';
import { encodeMessage } from './chunk-writer.ts';
import { MESSAGE, WINDOW_BYTES } from './constants.ts';
import { readUint32, uint32Body, userControlBody } from './control.ts';
import { RtmpClient, type RtmpClientOptions } from './testing/client.ts';
import { LIMITS } from './testing/limits.ts';
import { type Served, serve } from './testing/serve.ts';
import type { RtmpLimits, RtmpMedia } from './types.ts';

const open: { close(): unknown }[] = [];
let served: Served;

afterEach(async () => {
  for (const one of open.splice(0)) one.close();
  await served.server.close('shutdown');
});

async function started(limits: Partial<RtmpLimits> = {}): Promise<Served> {
  served = await serve(limits);
  return served;
}

async function client(more: Partial<RtmpClientOptions> = {}): Promise<RtmpClient> {
  const one = await RtmpClient.connect({ host: '127.0.0.1', port: served.server.port, app: 'live', ...more });
  open.push(one);
  return one;
}

async function publisher(name = 'a?t'): Promise<RtmpClient> {
  const one = await client();
  await one.publish(name);
  return one;
}

function stream(name = 'a') {
  const found = served.hub.streams.find((one) => one.target.stream === name);
  if (found === undefined) throw new Error('no such stream');
  return found;
}

const frame = (size: number) => new Uint8Array(size).fill(9);

describe('conversation', () => {
  it('[RT20] connect without tcUrl, publish, media, end', async () => {
    await started();
    const one = await client({ tcUrl: null });
    await one.publish('a?ticket');
    one.send('video', 5, frame(10_000));
    one.send('audio', 0xfffffff0, frame(3));
    await served.hub.until(() => stream().media.length === 2);
    expect(stream().target).toEqual({ app: 'live', stream: 'a', query: 'ticket', remoteAddress: '127.0.0.1' });
    expect(stream().media).toEqual([
      { kind: 'video', timestamp: 5, payload: Buffer.from(frame(10_000)) },
      { kind: 'audio', timestamp: 0xfffffff0, payload: Buffer.from(frame(3)) },
    ]);
    one.command('deleteStream', 0, null, 1);
    await one.closed;
    expect(one.statuses).toEqual(['NetStream.Publish.Start', 'NetStream.Unpublish.Success']);
    expect(stream().ends).toEqual(['closed by the client']);
  });

  it('[RT22] nothing is answered as success, and nothing read, before the door has answered', async () => {
    await started();
    let letIn = (): void => {};
    served.hub.gate = new Promise((resolve) => {
      letIn = resolve;
    });
    const one = await client();
    const publishing = one.publish('a');
    one.command('publish', 0, null, 'a', 'live');
    // Sent before the door answers: kept, in order.
    one.send('video', 1, frame(50));
    one.send('video', 2, frame(50));
    await one.until(() => one.messages.some(({ type }) => type === MESSAGE.commandAmf0));
    expect(one.statuses).toEqual([]);
    expect(served.hub.streams).toEqual([]);
    letIn();
    // The second publish of the same connection is the end of it.
    await publishing.catch(() => {});
    await one.closed;
    expect(served.troubles).toEqual(['command: publish at the wrong time']);
  });

  it('[RT22] media that came while the door was asked is not lost', async () => {
    await started();
    let letIn = (): void => {};
    served.hub.gate = new Promise((resolve) => {
      letIn = resolve;
    });
    const one = await client();
    const publishing = one.publish('a');
    await served.hub.until(() => served.hub.asked === 1);
    for (let i = 0; i < 50; i += 1) one.send('video', i, frame(5_000));
    letIn();
    await publishing;
    await served.hub.until(() => stream().media.length === 50);
    expect(stream().media.map((media) => media.timestamp)).toEqual(Array.from({ length: 50 }, (_, i) => i));
  });

  it('[RT23] a refusal is told as an error, then the connection ends', async () => {
    await started();
    served.hub.refusal = { code: 'NetStream.Publish.BadName', description: 'The ticket is altered.' };
    const one = await client();
    await expect(one.publish('a')).rejects.toThrow('NetStream.Publish.BadName: The ticket is altered.');
    await one.closed;
    const other = await client();
    await expect(other.play('a')).rejects.toThrow('The ticket is altered.');
    await other.closed;
    expect(served.troubles).toEqual(['The ticket is altered.', 'The ticket is altered.']);
  });

  it('[RT23] a door that throws refuses, and tells nothing', async () => {
    await started();
    served.hub.publish = () => {
      throw new Error('secret');
    };
    const one = await client();
    await expect(one.publish('a')).rejects.toThrow('The server failed.');
    await one.closed;
    expect(served.troubles.join()).not.toContain('secret');
  });

  it('[RT24] courtesies are answered when they ask for it, unknown commands are passed over', async () => {
    await started();
    const one = await client();
    expect(await one.request('releaseStream', null, 'a')).toEqual(['_result', 2, null, undefined]);
    expect(await one.request('FCPublish', null, 'a')).toEqual(['_result', 3, null, undefined]);
    expect(await one.request('getStreamLength', null, 'a')).toEqual(['_result', 4, null, 0]);
    one.command('_checkbw', 9, null);
    one.command('FCSubscribe', 9, null, 'a');
    expect(await one.request('createStream', null)).toEqual(['_result', 5, null, 1]);
  });

  it('[RT24] play, pause and buffer lengths while playing change nothing', async () => {
    await started();
    const source = await publisher();
    const seen: RtmpMedia[] = [];
    const one = await client({ onMedia: (media) => seen.push(media) });
    await one.play('a');
    expect(one.statuses).toEqual(['NetStream.Play.Reset', 'NetStream.Play.Start']);
    one.command('pause', 0, null, true, 0);
    one.message(MESSAGE.userControl, userControlBody(3, 1));
    source.send('audio', 77, frame(20));
    await one.until(() => seen.length === 1);
    expect(seen[0]).toEqual({ kind: 'audio', timestamp: 77, payload: Buffer.from(frame(20)) });
    source.close();
    await one.closed;
    expect(one.statuses.at(-1)).toBe('NetStream.Play.UnpublishNotify');
  });

  it('[RT25] commands in AMF3 dress are read, AMF3 itself ends it', async () => {
    await started();
    const one = await client();
    one.message(MESSAGE.commandAmf3, Buffer.concat([Uint8Array.of(0), writeAmf0(['createStream', 7, null])]));
    await one.until(() => one.messages.filter(({ type }) => type === MESSAGE.commandAmf0).length === 2);
    one.message(
      MESSAGE.commandAmf3,
      Buffer.concat([Uint8Array.of(0), writeAmf0(['publish', 0]), Uint8Array.of(0x11, 1)]),
    );
    await one.closed;
    expect(served.troubles).toEqual(['AMF: marker 17 is not taken']);
  });

  it('[RT26] both directions are acknowledged every window', async () => {
    await started();
    const one = await publisher();
    one.message(MESSAGE.windowAcknowledgementSize, uint32Body(10_000));
    for (let i = 0; i < 10; i += 1) one.send('video', i, frame(5_000));
    await one.until(() => one.acknowledged > 40_000);
    expect(
      one.messages.filter(({ type }) => type === MESSAGE.windowAcknowledgementSize).map(({ body }) => readUint32(body)),
    ).toEqual([WINDOW_BYTES]);
    one.message(MESSAGE.setPeerBandwidth, Buffer.from([0, 0, 100, 0, 2]));
    await one.until(() => one.messages.filter(({ type }) => type === MESSAGE.windowAcknowledgementSize).length === 2);
    expect(stream().ends).toEqual([]);
  });

  it('[RT27] pings are answered', async () => {
    await started();
    const one = await client();
    one.message(MESSAGE.userControl, userControlBody(6, 0xdeadbeef));
    await one.until(() => one.messages.some(({ type }) => type === MESSAGE.userControl));
    const answer = one.messages.find(({ type }) => type === MESSAGE.userControl)?.body;
    expect(Buffer.from(answer ?? []).toString('hex')).toBe('0007deadbeef');
  });

  it('[RT28] aggregates are taken apart, their stamps moved', async () => {
    await started();
    const one = await publisher();
    const tag = (type: number, time: number, body: Uint8Array) => {
      const bytes = Buffer.alloc(11 + body.length + 4);
      bytes[0] = type;
      bytes.writeUIntBE(body.length, 1, 3);
      bytes.writeUIntBE(time & 0xffffff, 4, 3);
      bytes[7] = time >>> 24;
      bytes.set(body, 11);
      return bytes;
    };
    const body = Buffer.concat([
      tag(8, 100, frame(4)),
      tag(9, 140, frame(6)),
      tag(18, 150, writeAmf0(['x'])).subarray(0, -4),
    ]);
    one.socket.write(encodeMessage(4, MESSAGE.aggregate, 1, 1_000, body, 4_096));
    await served.hub.until(() => stream().media.length === 3);
    expect(stream().media.map(({ kind, timestamp, payload }) => [kind, timestamp, payload.length])).toEqual([
      ['audio', 1_000, 4],
      ['video', 1_040, 6],
      ['data', 1_050, 4],
    ]);
    one.socket.write(encodeMessage(4, MESSAGE.aggregate, 1, 1_000, body.subarray(0, 20), 4_096));
    await one.closed;
    expect(served.troubles).toEqual(['aggregate: a tag that ends too early']);
  });

  it('[RT29] metadata comes without its wrapping', async () => {
    await started();
    const one = await publisher();
    one.send('data', 0, writeAmf0(['@setDataFrame', 'onMetaData', amfObject({ width: 3 })]));
    one.send('data', 0, writeAmf0(['@clearDataFrame', 'onMetaData']));
    one.send('data', 0, writeAmf0(['onCuePoint']));
    await served.hub.until(() => stream().media.length === 2);
    expect(stream().media.map(({ payload }) => readAmf0(payload, 0, LIMITS.amf))).toEqual([
      ['onMetaData', amfObject({ width: 3 })],
      ['onCuePoint'],
    ]);
  });

  it('[RT30] ending a publish tells the client why, and its owner once', async () => {
    await started();
    const one = await publisher();
    stream().publishing?.end('NetStream.Publish.Rejected', 'B frames cannot be forwarded.');
    stream().publishing?.end('NetStream.Publish.Rejected', 'Again.');
    await one.closed;
    expect(one.statuses.at(-1)).toBe('NetStream.Publish.Rejected');
    expect(stream().ends).toEqual(['B frames cannot be forwarded.']);
  });

  it('[RT30] a publisher that left while the door was asked is told to its owner as ended', async () => {
    await started();
    const ends: string[] = [];
    let asked = (): void => {};
    const arrived = new Promise<void>((resolve) => {
      asked = resolve;
    });
    const answer = Promise.withResolvers<void>();
    served.hub.publish = async () => {
      asked();
      await answer.promise;
      return {
        kind: 'accepted',
        sink: { onMedia: () => {}, onEnd: (reason) => ends.push(reason) },
        started: () => ends.push('started'),
      };
    };
    const one = await client();
    one.publish('a').catch(() => {});
    await arrived;
    const { server } = served;
    await server.close('shutdown');
    answer.resolve();
    await answer.promise;
    await new Promise((resolve) => setImmediate(resolve));
    expect(ends).toEqual(['closed before it was admitted']);
  });

  it('[RT31] commands out of order end the connection', async () => {
    await started();
    for (const say of [
      (one: RtmpClient) => one.command('connect', 2, amfObject({ app: 'live' })),
      (one: RtmpClient) => one.command('publish', 2, null),
      (one: RtmpClient) => one.message(MESSAGE.commandAmf0, writeAmf0([5, 5])),
    ]) {
      const one = await client();
      say(one);
      await one.closed;
    }
    expect(served.troubles).toEqual([
      'command: a second connect',
      'command: publish without a stream name',
      'command: no name',
    ]);
    expect(served.server.connections).toBe(0);
  });
});

describe('limits', () => {
  const raw = (): Promise<Socket> =>
    new Promise((resolve) => {
      const socket = connect(served.server.port, '127.0.0.1', () => resolve(socket));
      socket.on('error', () => {});
      open.push({ close: () => socket.destroy() });
    });
  const gone = (socket: Socket) => new Promise<void>((resolve) => socket.once('close', () => resolve()).resume());

  it('[RT40] connections in all, and of one address', async () => {
    await started({ maxConnections: 2 });
    const [first] = await Promise.all([client(), client()]);
    await gone(await raw());
    expect(served.troubles).toEqual(['too many connections']);
    first?.close();
    await first?.closed;
    await served.server.close('shutdown');
    await started({ maxConnectionsPerAddress: 1 });
    const only = await client();
    await gone(await raw());
    expect(served.troubles).toEqual(['too many connections of one address']);
    expect(served.server.connections).toBe(1);
    await only.request('createStream', null);
  });

  it('[RT40] an IPv6 address counts by its /64', () => {
    const groups = [
      '2001:db8:0:1::1',
      '2001:db8:0:1:ffff::2',
      '2001:0db8::1:0:0:0:3',
      '2001:db8:0:2::1',
      '::1',
      '::ffff:10.0.0.1',
    ];
    expect(groups.map(addressGroup)).toEqual([
      '2001:db8:0:1::/64',
      '2001:db8:0:1::/64',
      '2001:db8:0:1::/64',
      '2001:db8:0:2::/64',
      '0:0:0:0::/64',
      '10.0.0.1',
    ]);
  });

  it('[RT41] whoever does not publish or play in time is closed, wherever he stopped', async () => {
    await started();
    const silent = await raw();
    const halfway = await client();
    served.advance(LIMITS.setupMs + 1);
    await Promise.all([gone(silent), halfway.closed]);
    expect(served.troubles).toEqual(['setting up took too long', 'setting up took too long']);
  });

  it('[RT42] a publisher that sends nothing is closed, a player is not', async () => {
    await started();
    const one = await publisher();
    const player = await client();
    await player.play('a');
    served.advance(LIMITS.idleMs + 1);
    await one.closed;
    expect(one.statuses.at(-1)).toBe('NetStream.Publish.Rejected');
    expect(stream().ends).toEqual(['Nothing was sent for too long.']);
    await player.closed;
    expect(player.statuses.at(-1)).toBe('NetStream.Play.UnpublishNotify');
  });

  it('[RT43] the bit rate is averaged over five seconds', async () => {
    await started({ maxBitsPerSecond: 80_000 });
    const one = await publisher();
    // 50 kB in every five seconds are just allowed.
    for (let round = 0; round < 4; round += 1) {
      served.advance(5_000);
      one.send('video', round, frame(49_000));
      await served.hub.until(() => stream().media.length === round + 1);
    }
    one.send('video', 9, frame(3_000));
    await one.closed;
    expect(one.statuses.at(-1)).toBe('NetStream.Publish.Rejected');
    expect(stream().ends).toEqual(['The bit rate is over the limit.']);
  });

  it('[RT44] no publish is longer than allowed', async () => {
    await started({ maxPublishMs: 60_000, idleMs: 1_000_000 });
    const one = await publisher();
    served.advance(60_001);
    await one.closed;
    expect(stream().ends).toEqual(['The longest time for a publish is over.']);
  });

  it('[RT45] a client that does not read its answers is not read', async () => {
    await started({ idleMs: 1_000_000, maxRequestsPerSecond: 1e9 });
    const one = await publisher();
    one.socket.pause();
    const ping = encodeMessage(2, MESSAGE.userControl, 0, 0, userControlBody(6, 1), 4_096);
    const pings = Buffer.concat(Array.from({ length: 2_000 }, () => ping));
    // The kernel's buffers fill in both directions; then our own writes wait, since nobody reads them.
    let sent = 0;
    while (one.socket.write(pings) && sent < 200_000_000) sent += pings.length;
    for (let round = 0; round < 2_000 && one.socket.writableLength < 4_000_000; round += 1) {
      one.socket.write(pings);
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(one.socket.writableLength).toBeGreaterThan(1_000_000);
    one.socket.resume();
    await new Promise<void>((resolve) => one.socket.once('drain', () => resolve()));
    one.send('audio', 3, frame(1));
    await served.hub.until(() => stream().media.length === 1);
  });

  it('[RT48] commands and pings are bounded in number', async () => {
    await started({ maxRequestsPerSecond: 20 });
    const one = await client();
    for (let i = 0; i < 95; i += 1) one.command('createStream', 0, null);
    await one.request('createStream', null);
    const gone = one.closed;
    for (let i = 0; i < 10; i += 1) one.message(MESSAGE.userControl, userControlBody(6, i));
    await gone;
    expect(served.troubles).toEqual(['too many commands']);
  });

  it('[RT46] a client that no door has let in may send commands only', async () => {
    await started();
    const one = await client();
    one.message(MESSAGE.commandAmf0, frame(65_537));
    await one.closed;
    const other = await publisher('b');
    other.send('video', 1, frame(65_537));
    await served.hub.until(() => stream('b').media.length === 1);
    expect(served.troubles).toEqual(['chunk: a message over the limit']);
  });

  it('[RT47] a server that stops says so, and ends', async () => {
    await started();
    const source = await publisher();
    const player = await client();
    await player.play('a');
    const idle = gone(await raw());
    await served.server.close('shutdown');
    await Promise.all([source.closed, player.closed, idle]);
    expect(source.statuses.at(-1)).toBe('NetConnection.Connect.Closed');
    expect(['NetStream.Play.Stop', 'NetStream.Play.UnpublishNotify']).toContain(player.statuses.at(-1));
    expect(stream().ends).toEqual(['The server is stopping.']);
    expect(served.server.connections).toBe(0);
  });

  it('[RT47] a port that is taken rejects', async () => {
    await started();
    const { createRtmpServer } = await import('./server.ts');
    const options = { port: served.server.port, host: '127.0.0.1', limits: LIMITS, doors: served.hub, clock: () => 0 };
    await expect(createRtmpServer(options)).rejects.toThrow('EADDRINUSE');
  });
});
