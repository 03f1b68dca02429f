import { beforeEach, describe, expect, it } from 'vitest';
import { RECOVERY } from './backoff.ts';
import type { RemoteStream } from './members/stream.ts';
import { Players } from './players.ts';
import { FakeClock } from './testing/fakes.ts';

const policy = { ...RECOVERY, play: { firstMs: 1_000, maxMs: 4_000, attempts: 3, jitter: 0 } };

function bob(more: Partial<RemoteStream> = {}): RemoteStream {
  return {
    key: 'bob_main',
    userId: 'bob',
    name: 'Bob',
    streamType: 'main',
    playUrl: 'rtmp://a/bob?1',
    flvUrl: 'https://a/bob.flv?1',
    hasVideo: true,
    hasAudio: true,
    missing: '',
    ...more,
  };
}

let clock: FakeClock;
let players: Players;
let renewals: number;
let shown: boolean;

beforeEach(() => {
  clock = new FakeClock();
  renewals = 0;
  shown = true;
  players = new Players(clock, policy, {
    changed: () => {},
    renew: () => {
      renewals++;
    },
    shows: () => shown,
  });
});

const view = () => players.view('bob_main');

describe('players', () => {
  it('[WR20] play RTMP in RTC mode first', () => {
    players.sync([bob()], false);
    expect(view()).toMatchObject({ src: 'rtmp://a/bob?1', mode: 'RTC', playing: false });
    players.event('bob_main', 2003);
    expect(view()).toMatchObject({ src: 'rtmp://a/bob?1', mode: 'RTC', playing: true });
  });

  it.each([-2301, -2302, 3004])('[WR20] go over to FLV in live mode after %i', async (code) => {
    players.sync([bob()], false);
    players.event('bob_main', code);
    // The player is taken out for a moment: it takes its mode when it is put in.
    expect(view().src).toBe('');
    await clock.advance(100);
    expect(view()).toMatchObject({ src: 'https://a/bob.flv?1', mode: 'live' });
  });

  it('[WR20] go over to FLV without a first frame in time, and not with one', async () => {
    players.sync([bob()], false);
    players.event('bob_main', 2001);
    await clock.advance(policy.firstFrameMs - 1);
    expect(view().mode).toBe('RTC');
    await clock.advance(101);
    expect(view()).toMatchObject({ src: 'https://a/bob.flv?1', mode: 'live' });

    players.sync([], false);
    players.sync([bob()], false);
    players.event('bob_main', 2003);
    await clock.advance(10 * policy.firstFrameMs);
    expect(view().mode).toBe('RTC');
  });

  it('[WR24] wait for no picture where none is sent', async () => {
    players.sync([bob({ hasVideo: false })], false);
    await clock.advance(10 * policy.firstFrameMs);
    expect(view()).toMatchObject({ mode: 'RTC', src: 'rtmp://a/bob?1' });
    players.event('bob_main', 2004);
    expect(view().playing).toBe(true);
  });

  it('[WR24] wait for no picture that is hidden here', async () => {
    shown = false;
    players.sync([bob()], false);
    await clock.advance(10 * policy.firstFrameMs);
    expect(view()).toMatchObject({ mode: 'RTC', src: 'rtmp://a/bob?1', playing: false });
    players.event('bob_main', 2004);
    expect(view().playing).toBe(true);
  });

  it('[WR21] ask for fresh URLs when FLV fails too, and begin anew with them after the wait', async () => {
    players.sync([bob()], false);
    players.event('bob_main', -2301);
    await clock.advance(100);
    players.event('bob_main', -2301);
    expect(renewals).toBe(1);
    expect(view().src).toBe('');
    players.sync([bob({ playUrl: 'rtmp://a/bob?2', flvUrl: 'https://a/bob.flv?2' })], true);
    expect(view().src).toBe('');
    await clock.advance(1_000);
    expect(view()).toMatchObject({ src: 'rtmp://a/bob?2', mode: 'RTC' });
  });

  it('[WR21] give up after a bounded number of tries, and begin anew when asked', async () => {
    players.sync([bob()], false);
    let tries = 0;
    while (!view().failed && tries < 50) {
      if (view().src !== '') {
        tries++;
        players.event('bob_main', -2301);
      }
      await clock.advance(100);
    }
    // Four times RTC and FLV: the first try and three repetitions.
    expect(tries).toBe(8);
    expect(renewals).toBe(3);
    expect(clock.pending).toBe(0);
    players.retry('bob_main');
    await clock.advance(100);
    expect(view()).toMatchObject({ src: 'rtmp://a/bob?1', failed: false });
  });

  it('[WR22] go on with the old URL when only tickets are renewed, and take the new one when tracks change', () => {
    players.sync([bob()], false);
    players.event('bob_main', 2003);
    players.sync([bob({ playUrl: 'rtmp://a/bob?2' })], true);
    expect(view()).toMatchObject({ src: 'rtmp://a/bob?1', playing: true });
    players.sync([bob({ playUrl: 'rtmp://a/bob?3', hasVideo: false })], false);
    expect(view()).toMatchObject({ src: 'rtmp://a/bob?3', playing: false });
  });

  it('[WR23] hear nothing of a player that is gone or between two tries', async () => {
    players.sync([bob()], false);
    players.event('bob_main', -2301);
    players.event('bob_main', -2301);
    players.event('bob_main', 2003);
    expect(view().playing).toBe(false);
    expect(renewals).toBe(0);
    await clock.advance(100);
    expect(view().mode).toBe('live');
    players.sync([], false);
    players.event('bob_main', -2301);
    expect(view()).toMatchObject({ src: '', failed: false });
    expect(clock.pending).toBe(0);
  });

  it('[WR25] are taken out while paused and begin anew afterwards', () => {
    players.sync([bob()], false);
    players.event('bob_main', 2003);
    players.pause(true);
    expect(view()).toMatchObject({ src: '', playing: false });
    players.sync([bob(), bob({ key: 'eve_main', userId: 'eve' })], false);
    expect(players.view('eve_main').src).toBe('');
    players.pause(false);
    expect(view().src).toBe('rtmp://a/bob?1');
    expect(players.view('eve_main').src).toBe('rtmp://a/bob?1');
  });

  it('[WR20] play FLV at once where there is no RTMP, and nothing where there is nothing', () => {
    players.sync([bob({ playUrl: '' })], false);
    expect(view()).toMatchObject({ src: 'https://a/bob.flv?1', mode: 'live' });
    players.sync([bob({ playUrl: '', flvUrl: '' })], false);
    expect(view().src).toBe('');
  });
});
