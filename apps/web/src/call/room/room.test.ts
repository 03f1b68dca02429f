import { Track } from 'livekit-client';
import { describe, expect, it } from 'vitest';
import { chooseMain } from './main-tile.ts';
import { displayName, hueOf, initials } from './names.ts';

const camera = (identity: string, isLocal = false) => ({
  participant: { identity, isLocal },
  source: Track.Source.Camera,
});
const screen = (identity: string, isLocal = false) => ({
  participant: { identity, isLocal },
  source: Track.Source.ScreenShare,
});

describe('[WEB8] who is shown large', () => {
  const me = camera('me', true);
  const bob = camera('bob');
  const eve = camera('eve');

  it('the pinned tile before everything', () => {
    expect(chooseMain([me, bob, screen('eve')], 'me/camera', ['bob'], null)).toBe(me);
  });

  it("somebody else's screen, then mine", () => {
    const mine = screen('me', true);
    const theirs = screen('eve');
    expect(chooseMain([me, mine, bob, theirs], null, ['bob'], null)).toBe(theirs);
    expect(chooseMain([me, mine, bob], null, ['bob'], null)).toBe(mine);
  });

  it('whoever speaks, never me; and whoever was shown before while nobody does', () => {
    expect(chooseMain([me, bob, eve], null, ['me', 'eve'], 'bob/camera')).toBe(eve);
    expect(chooseMain([me, bob, eve], null, [], 'eve/camera')).toBe(eve);
    expect(chooseMain([me, bob, eve], null, [], null)).toBe(bob);
    expect(chooseMain([me], null, [], null)).toBe(me);
    expect(chooseMain([], null, [], null)).toBeNull();
  });

  it('a pin whose tile has gone counts no more', () => {
    expect(chooseMain([me, bob], 'eve/camera', [], null)).toBe(bob);
  });
});

describe('[WEB9] names', () => {
  it('initials of Latin and Chinese names', () => {
    expect(initials('Alice Wong')).toBe('AW');
    expect(initials(' alice ')).toBe('A');
    expect(initials('王小明')).toBe('明');
    expect(initials('')).toBe('');
  });

  it('an identity stands in for a missing name', () => {
    expect(displayName({ name: '', identity: 'g_1' })).toBe('g_1');
    expect(displayName({ name: 'Alice', identity: 'g_1' })).toBe('Alice');
  });

  it('a colour belongs to an identity', () => {
    expect(hueOf('g_1')).toBe(hueOf('g_1'));
    expect(hueOf('g_1')).not.toBe(hueOf('g_2'));
    expect(hueOf('x'.repeat(500))).toBeLessThan(360);
  });
});
