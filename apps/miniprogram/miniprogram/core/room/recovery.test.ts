import { describe, expect, it } from 'vitest';
import { Bench, phoneRoomsig, roomsigFailure, settle, stream, urls, welcome } from '../testing/fakes.ts';

/** Answers every request for fresh URLs, as the server does: URLs first, then the reply. */
function answerRenewals(bench: Bench): number {
  const socket = bench.socket;
  let answered = 0;
  for (const { id } of socket.asked('renew').slice(renewed.get(socket) ?? 0)) {
    answered++;
    renewed.set(socket, (renewed.get(socket) ?? 0) + 1);
    count++;
    socket.say({ type: 'urls', urls: urls(count) });
    socket.say({ type: 'reply', id, code: 0, message: 'success' });
  }
  return answered;
}
const renewed = new WeakMap<object, number>();
let count = 100;

describe('a push that breaks', () => {
  it('[WR50] comes back with a fresh URL after a wait that grows', async () => {
    const bench = new Bench();
    await bench.enter();
    bench.controller.onPusher(1002, '');
    expect(bench.controller.status().trouble).toBe('');
    bench.controller.onPusher(-1307, '');
    expect(bench.controller.status().trouble).toBe('sending');
    expect(bench.pusher.calls.slice(1)).toEqual(['stop']);
    expect(bench.socket.asked('renew')).toHaveLength(0);
    await bench.clock.advance(1_000);
    expect(answerRenewals(bench)).toBe(1);
    expect(bench.pusher.url).toBe(`rtmp://meet.example.com/live/s?push${count}`);
    bench.controller.onPusher(-1307, '');
    await bench.clock.advance(1_999);
    expect(answerRenewals(bench)).toBe(0);
    await bench.clock.advance(1);
    expect(answerRenewals(bench)).toBe(1);
    expect(bench.codes('error')).toEqual([]);
    expect(bench.controller.status().trouble).toBe('sending');
    // A push that runs for a while has recovered: the next wait is the first one again.
    bench.controller.onPusher(1002, '');
    expect(bench.controller.status().trouble).toBe('');
    await bench.clock.advance(10_000);
    bench.controller.onPusher(-1307, '');
    await bench.clock.advance(1_000);
    expect(answerRenewals(bench)).toBe(1);
  });

  it('[WR50] gives up after a bounded number of tries with −6, also when each one connects', async () => {
    const bench = new Bench();
    await bench.enter();
    let tries = 0;
    while (bench.codes('error').length === 0 && tries < 100) {
      tries++;
      bench.controller.onPusher(1002, '');
      bench.controller.onPusher(-1307, '');
      await bench.clock.advance(15_000);
      answerRenewals(bench);
    }
    expect(tries).toBe(9);
    expect(bench.lastError).toMatchObject({ code: -6, cause: { reason: 'network', code: -1307 } });
    await settle();
    expect(bench.controller.view().phase).toBe('idle');
    expect(bench.clock.pending).toBe(0);
  });

  it('[WR51] counts 3004 and the −1307 behind it as one', async () => {
    const bench = new Bench();
    await bench.enter();
    bench.controller.onPusher(3004, '');
    bench.controller.onPusher(-1307, '');
    await bench.clock.advance(1_000);
    expect(answerRenewals(bench)).toBe(1);
    expect(bench.pusher.calls.filter((call) => call === 'stop')).toHaveLength(1);
    bench.controller.onPusher(3005, '');
    bench.controller.onPusher(3002, '');
    await bench.clock.advance(20_000);
    expect(bench.socket.asked('renew')).toHaveLength(1);
  });

  it('[WR50] asks roomsig when signalling has no fresh URL', async () => {
    const bench = new Bench();
    await bench.enter();
    bench.controller.onPusher(-1307, '');
    await bench.clock.advance(1_000);
    const id = bench.socket.asked('renew')[0]?.id ?? 0;
    bench.answers = [phoneRoomsig(7)];
    bench.socket.say({ type: 'reply', id, code: 20023, message: 'failed' });
    await settle();
    expect(bench.pusher.url).toBe('rtmp://meet.example.com/live/s?push7');
    expect(bench.sockets).toHaveLength(1);
  });

  it('[WR52] waits for signalling when that is away too, and pushes with what the welcome brings', async () => {
    const bench = new Bench();
    await bench.enter();
    bench.socket.drop(1006);
    bench.controller.onPusher(-1307, '');
    await bench.clock.advance(1_000);
    expect(bench.sockets).toHaveLength(2);
    bench.socket.say({ ...welcome([], 2), urls: urls(5) });
    expect(bench.pusher.url).toBe('rtmp://meet.example.com/live/s?push5');
  });

  it('[WR55] is not tried again when what is sent is not taken; the stay goes on', async () => {
    const bench = new Bench();
    await bench.enter([stream('bob')]);
    bench.controller.onPlayer('bob_main', 2003);
    bench.socket.say({ type: 'refused', door: 'push', code: 20013, message: 'The video has B frames.' });
    bench.controller.onPusher(3004, '');
    await bench.clock.advance(60_000);
    expect(bench.lastError).toMatchObject({ code: -6, cause: { reason: 'push-refused', code: 20013 } });
    expect(bench.pusher.calls.slice(1)).toEqual(['stop']);
    expect(bench.controller.view()).toMatchObject({ phase: 'in', tiles: [{ userID: 'bob' }] });
    bench.controller.start();
    expect(answerRenewals(bench)).toBe(1);
    expect(bench.pusher.calls).toHaveLength(3);
  });

  it('[WR55] is no longer said to be tried when it broke first and was refused for good then', async () => {
    const bench = new Bench();
    await bench.enter();
    bench.controller.onPusher(1002, '');
    bench.controller.onPusher(-1307, '');
    expect(bench.controller.status().trouble).toBe('sending');
    bench.socket.say({ type: 'refused', door: 'push', code: 20013, message: 'The video has B frames.' });
    expect(bench.controller.status().trouble).toBe('');
    expect(bench.codes('error')).toEqual([-6]);
  });

  it('[WR55] is tried again after a refusal that may pass, which the page can read', async () => {
    const bench = new Bench();
    await bench.enter();
    bench.socket.say({ type: 'refused', door: 'push', code: 20022, message: 'The gateway is at its limit.' });
    bench.controller.onPusher(3004, '');
    await bench.clock.advance(1_000);
    expect(answerRenewals(bench)).toBe(1);
    expect(bench.controller.status().notice).toMatchObject({ code: 20022 });
  });

  it('[WR45] is mended on the way back when it breaks out of sight', async () => {
    const bench = new Bench();
    await bench.enter();
    bench.controller.hide();
    bench.controller.onPusher(-1307, '');
    await bench.clock.advance(8_000);
    expect(bench.socket.asked('renew')).toHaveLength(0);
    bench.controller.show();
    expect(answerRenewals(bench)).toBe(1);
    expect(bench.codes('error')).toEqual([]);
  });
});

describe('a connection that is lost', () => {
  it('[WR52] is made again with the same URL; 1021 is told once, 1018 and the list again', async () => {
    const bench = new Bench();
    await bench.enter([stream('bob')]);
    bench.raw.length = 0;
    bench.room.length = 0;
    bench.socket.drop(1006);
    expect([bench.controller.view().reconnecting, bench.controller.status().trouble]).toEqual([true, 'connection']);
    await bench.clock.advance(500);
    bench.socket.drop(1006);
    await bench.clock.advance(1_000);
    expect(bench.sockets.map((socket) => socket.url)).toEqual(Array(3).fill('wss://meet.example.com/signal?ticket=1'));
    expect(bench.raw.map((event) => event.code)).toEqual([1021]);
    bench.socket.say(welcome([stream('bob')], 1));
    expect(bench.raw.map((event) => event.code)).toEqual([1021, 1018, 1020]);
    expect(bench.codes()).toEqual([13, 11, 12]);
    expect(bench.controller.view()).toMatchObject({ reconnecting: false, tiles: [{ userID: 'bob' }] });
    // The push ran on all the time: it is not touched.
    expect(bench.pusher.calls).toHaveLength(1);
  });

  it('[WR53] is told as a restart of the server when it is closed for that', async () => {
    const bench = new Bench();
    await bench.enter();
    bench.socket.drop(1012);
    expect(bench.controller.status().trouble).toBe('server-restart');
    await bench.clock.advance(500);
    bench.socket.say(welcome([]));
    expect(bench.controller.status().trouble).toBe('');
  });

  it('[WR52] ends the stay with −10 after a bounded number of tries', async () => {
    const bench = new Bench();
    await bench.enter();
    for (let i = 0; i < 40; i++) {
      bench.socket.drop(1006, 'timeout');
      await bench.clock.advance(15_000);
    }
    expect(bench.sockets).toHaveLength(13);
    expect(bench.codes('error')).toEqual([-10]);
    expect(bench.lastError).toMatchObject({ cause: { reason: 'network' } });
    expect(bench.raw.map((event) => event.code).slice(-1)).toEqual([1019]);
    expect(bench.clock.pending).toBe(0);
  });

  it('[WR53] comes back by itself after a restart of the server, and with fresh tickets when they ran out', async () => {
    const bench = new Bench();
    await bench.enter();
    bench.socket.say({ type: 'ended', reason: 'server-restart', code: 20023, message: 'restart' });
    expect(bench.controller.status().trouble).toBe('server-restart');
    bench.socket.drop(1012);
    await bench.clock.advance(500);
    expect(bench.sockets).toHaveLength(2);
    bench.socket.say(welcome([], 2));
    expect(bench.posts).toHaveLength(1);

    bench.answers = [phoneRoomsig(9)];
    bench.socket.say({ type: 'ended', reason: 'expired', code: 20004, message: 'expired' });
    await bench.clock.advance(500);
    expect(bench.posts).toHaveLength(2);
    expect(bench.socket.url).toBe('wss://meet.example.com/signal?ticket=9');
    bench.socket.drop(4004);
    await bench.clock.advance(1_000);
    expect(bench.posts).toHaveLength(3);
    expect(bench.codes('error')).toEqual([]);
  });

  it.each(['kicked', 'dissolved', 'duplicate', 'encrypted', 'refused'] as const)(
    '[WR54] ends the stay when the server says %s: 1019, then −10 with the reason',
    async (reason) => {
      const bench = new Bench();
      await bench.enter();
      bench.socket.say({ type: 'ended', reason, code: 20005, message: 'In words.' });
      await settle();
      expect(bench.raw.map((event) => event.code).slice(-1)).toEqual([1019]);
      expect(bench.lastError).toEqual({
        tag: 'error',
        code: -10,
        detail: 'In words.',
        cause: { reason, code: 20005, message: 'In words.' },
      });
      expect(bench.controller.view().phase).toBe('idle');
      expect(bench.pusher.calls.slice(-1)).toEqual(['stop']);
      await bench.clock.advance(600_000);
      expect(bench.sockets).toHaveLength(1);
      expect(bench.codes('error')).toHaveLength(1);
    },
  );

  it('[WR57] is taken for lost when it says nothing for too long, or never welcomes', async () => {
    const bench = new Bench();
    await bench.enter();
    await bench.clock.advance(100_000);
    expect(bench.controller.view().reconnecting).toBe(false);
    bench.socket.dead = true;
    await bench.clock.advance(29_999);
    expect(bench.socket.asked('ping').length).toBeGreaterThan(1);
    expect(bench.controller.view().reconnecting).toBe(false);
    await bench.clock.advance(10_001);
    expect(bench.controller.view().reconnecting).toBe(true);
    await bench.clock.advance(500);
    expect(bench.sockets).toHaveLength(2);
    await bench.clock.advance(15_000 + 1_000);
    expect(bench.sockets).toHaveLength(3);
  });

  it('[WR57] is tried at once when the network comes back', async () => {
    const bench = new Bench();
    await bench.enter();
    for (let i = 0; i < 6; i++) {
      bench.socket.drop(1006);
      await bench.clock.advance(i === 5 ? 0 : 15_000);
    }
    const made = bench.sockets.length;
    bench.controller.networkChanged();
    expect(bench.sockets).toHaveLength(made + 1);
    await bench.clock.advance(14_000);
    expect(bench.sockets).toHaveLength(made + 1);
  });

  it.each([
    ['its ticket is not taken any more', (bench: Bench) => bench.socket.drop(4004)],
    [
      'its time has run out',
      (bench: Bench) => bench.socket.say({ type: 'ended', reason: 'expired', code: 20004, message: 'expired' }),
    ],
  ])('[WR57] asks for fresh URLs at once when the network comes back and %s', async (_why, end) => {
    const bench = new Bench();
    await bench.enter();
    bench.answers = [phoneRoomsig(9)];
    end(bench);
    bench.controller.networkChanged();
    await settle();
    expect(bench.posts).toHaveLength(2);
    expect(bench.socket.url).toBe('wss://meet.example.com/signal?ticket=9');
    bench.socket.say(welcome([], 2));
    expect(bench.controller.status().trouble).toBe('');
    // The try that was planned before is not made as well.
    await bench.clock.advance(1_000);
    expect([bench.posts.length, bench.sockets.length]).toEqual([2, 2]);
  });

  it.each([
    ['cannot be reached', new Error('request:fail timeout')],
    ['has trouble of its own', { status: 502, body: 'Bad Gateway' }],
  ])(
    '[WR52] is tried as often when the server %s for fresh URLs as when the connection itself fails',
    async (_, answer) => {
      const bench = new Bench();
      await bench.enter();
      bench.answers = [answer];
      bench.socket.drop(4003);
      await bench.clock.advance(60_000);
      expect(bench.controller.status().trouble).toBe('connection');
      expect(bench.codes('error')).toEqual([]);
      bench.answers = [phoneRoomsig(9)];
      await bench.clock.advance(15_000);
      bench.socket.say(welcome([], 2));
      expect(bench.controller.status().trouble).toBe('');
      bench.answers = [answer];
      bench.socket.drop(4003);
      await bench.clock.advance(600_000);
      expect(bench.lastError).toMatchObject({ code: -10, cause: { reason: 'network' } });
      expect(bench.clock.pending).toBe(0);
    },
  );

  it('[WR54] ends with −9 when a fresh roomsig is refused on the way back', async () => {
    const bench = new Bench();
    await bench.enter();
    bench.answers = [roomsigFailure(-102011, 'You may not enter this room.')];
    bench.socket.drop(4003);
    await bench.clock.advance(500);
    expect(bench.lastError).toMatchObject({ code: -9, cause: { reason: 'may-not-enter' } });
    await settle();
    expect(bench.controller.view().phase).toBe('idle');
  });
});

describe('requests', () => {
  it('[WR58] are answered by their reply, in time or not, connected or not', async () => {
    const bench = new Bench();
    expect((await bench.controller.ask({ type: 'dissolve' })).code).toBe(-1);
    await bench.enter();
    const kick = bench.controller.ask({ type: 'kick', userid: 'bob' });
    const mute = bench.controller.ask({ type: 'mute', userid: 'bob', kind: 'audio' });
    const [asked] = bench.socket.asked('kick');
    expect(asked).toMatchObject({ userid: 'bob' });
    bench.socket.say({ type: 'reply', id: asked?.id ?? 0, code: 20009, message: 'owner only' });
    expect(await kick).toEqual({ code: 20009, message: 'owner only' });
    bench.socket.drop(1006);
    expect((await mute).code).toBe(-1);
    expect((await bench.controller.ask({ type: 'dissolve' })).code).toBe(-1);
  });

  it('[WR58] that wait are bounded', async () => {
    const bench = new Bench();
    await bench.enter();
    const asked = Array.from({ length: 40 }, () => bench.controller.ask({ type: 'dissolve' }));
    expect(bench.socket.asked('dissolve')).toHaveLength(32);
    expect((await asked[39])?.message).toContain('Too many');
    await bench.clock.advance(15_000);
    expect((await asked[0])?.message).toContain('in time');
  });
});
