/** The limits of the server, on a real socket and a clock that stands still until it is moved. */
import { connect, type Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { addressGroup } from '../doors/address.ts';
import { encodeMessage } from './chunk-writer.ts';
import { MESSAGE } from './constants.ts';
import { userControlBody } from './control.ts';
import { createRtmpServer } from './server.ts';
import { LIMITS } from './testing/limits.ts';
import { frame, scene } from './testing/scene.ts';

const { served, started, client, publisher, stream, opened } = scene();

describe('limits', () => {
  const raw = (): Promise<Socket> =>
    new Promise((resolve) => {
      const socket = connect(served().server.port, '127.0.0.1', () => resolve(socket));
      socket.on('error', () => {});
      opened({ close: () => socket.destroy() });
    });
  const gone = (socket: Socket) => new Promise<void>((resolve) => socket.once('close', () => resolve()).resume());

  it('[RT40] connections in all, and of one address', async () => {
    await started({ maxConnections: 2 });
    const [first] = await Promise.all([client(), client()]);
    await gone(await raw());
    expect(served().troubles).toEqual(['too many connections']);
    first?.close();
    await first?.closed;
    await served().server.close('shutdown');
    await started({ maxConnectionsPerAddress: 1 });
    const only = await client();
    await gone(await raw());
    expect(served().troubles).toEqual(['too many connections of one address']);
    expect(served().server.connections).toBe(1);
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

  it('[RT40] an IPv4 address stays one on a server that listens on every address', async () => {
    await started({}, '::');
    await publisher();
    expect(stream().target.remoteAddress).toBe('127.0.0.1');
  });

  it('[RT41] whoever does not publish or play in time is closed, wherever he stopped', async () => {
    await started();
    const silent = await raw();
    const halfway = await client();
    served().advance(LIMITS.setupMs + 1);
    await Promise.all([gone(silent), halfway.closed]);
    expect(served().troubles).toEqual(['setting up took too long', 'setting up took too long']);
  });

  it('[RT42] a publisher that sends nothing is closed, a player is not', async () => {
    await started();
    const one = await publisher();
    const player = await client();
    await player.play('a');
    served().advance(LIMITS.idleMs + 1);
    await one.closed;
    expect(one.statuses.at(-1)).toBe('NetStream.Publish.Rejected');
    expect([stream().ends, stream().cause]).toEqual([['Nothing was sent for too long.'], 'idle']);
    await player.closed;
    expect(player.statuses.at(-1)).toBe('NetStream.Play.UnpublishNotify');
  });

  it('[RT43] the bit rate is averaged over five seconds', async () => {
    await started({ maxBitsPerSecond: 80_000 });
    const one = await publisher();
    // 50 kB in every five seconds are just allowed.
    for (let round = 0; round < 4; round += 1) {
      served().advance(5_000);
      one.send('video', round, frame(49_000));
      await served().hub.until(() => stream().media.length === round + 1);
    }
    one.send('video', 9, frame(3_000));
    await one.closed;
    expect(one.statuses.at(-1)).toBe('NetStream.Publish.Rejected');
    expect([stream().ends, stream().cause]).toEqual([['The bit rate is over the limit.'], 'too-much']);
  });

  it('[RT44] no publish is longer than allowed', async () => {
    await started({ maxPublishMs: 60_000, idleMs: 1_000_000 });
    const one = await publisher();
    served().advance(60_001);
    await one.closed;
    expect([stream().ends, stream().cause]).toEqual([['The longest time for a publish is over.'], 'too-much']);
  });

  it('[RT45] a client that does not read its answers is not read', async () => {
    await started({ idleMs: 1_000_000, maxRequestsPerSecond: 1e9, maxBitsPerSecond: 1e12 });
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
    await served().hub.until(() => stream().media.length === 1);
  }, 60_000);

  it('[RT48] commands and pings are bounded in number', async () => {
    await started({ maxRequestsPerSecond: 20 });
    const one = await client();
    for (let i = 0; i < 95; i += 1) one.command('createStream', 0, null);
    await one.request('createStream', null);
    const gone = one.closed;
    for (let i = 0; i < 10; i += 1) one.message(MESSAGE.userControl, userControlBody(6, i));
    await gone;
    expect(served().troubles).toEqual(['too many commands']);
  });

  it('[RT46] a client that no door has let in may send commands only', async () => {
    await started();
    const one = await client();
    one.message(MESSAGE.commandAmf0, frame(65_537));
    await one.closed;
    const other = await publisher('b');
    other.send('video', 1, frame(65_537));
    await served().hub.until(() => stream('b').media.length === 1);
    expect(served().troubles).toEqual(['chunk: a message over the limit']);
  });

  it('[RT47] a server that stops says so, and ends', async () => {
    await started();
    const source = await publisher();
    const player = await client();
    await player.play('a');
    const idle = gone(await raw());
    await served().server.close('shutdown');
    await Promise.all([source.closed, player.closed, idle]);
    expect(source.statuses.at(-1)).toBe('NetConnection.Connect.Closed');
    expect(['NetStream.Play.Stop', 'NetStream.Play.UnpublishNotify']).toContain(player.statuses.at(-1));
    expect(stream().ends).toEqual(['The server is stopping.']);
    expect(served().server.connections).toBe(0);
  });

  it('[RT47] a port that is taken rejects', async () => {
    await started();
    const options = {
      port: served().server.port,
      host: '127.0.0.1',
      limits: LIMITS,
      doors: served().hub,
      clock: () => 0,
    };
    await expect(createRtmpServer(options)).rejects.toThrow('EADDRINUSE');
  });
});
