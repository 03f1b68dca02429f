import { Track } from 'livekit-client';
import { describe, expect, it } from 'vitest';
import { chooseMain } from './main-tile.ts';
import { colourOf, displayName, initials } from './names.ts';
import { type Arrived, byArrival } from './people-order.ts';

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

describe('[WEB15] the list of people', () => {
  const person = (identity: string, second: number | null, isLocal = false): Arrived => ({
    identity,
    isLocal,
    joinedAt: second === null ? undefined : new Date(second * 1_000),
  });

  it('has me first, then whoever has been here longest, whatever order they are told in', () => {
    const order = [person('me', 9, true), person('eve', 1), person('bob', 2), person('carl', 2), person('new', null)];
    for (let at = 0; at < order.length; at += 1) {
      const told = [...order.slice(at), ...order.slice(0, at)];
      expect(byArrival(told)).toEqual(order);
      expect(byArrival(told.toReversed())).toEqual(order);
    }
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
    expect(colourOf('g_1')).toBe(colourOf('g_1'));
    expect(colourOf('g_1')).not.toBe(colourOf('g_2'));
  });

  it('white letters stand out from the colour of every identity', () => {
    const colours = new Set(Array.from({ length: 5_000 }, (_, at) => colourOf(`g_${at}`)));
    expect(colours.size).toBe(360);
    expect([...colours].filter((colour) => contrastWithWhite(colour) < 4.5)).toEqual([]);
  });
});

/** Contrast ratio of white on an `hsl(H S% L%)`, by the formulas of CSS Color 4 §7.1 and WCAG 2.2 (relative luminance). */
function contrastWithWhite(colour: string): number {
  const [hue = 0, saturation = 0, lightness = 0] = (colour.match(/\d+/g) ?? []).map(Number);
  const light = lightness / 100;
  const reach = (saturation / 100) * Math.min(light, 1 - light);
  const [red, green, blue] = [0, 8, 4].map((at) => {
    const place = (at + hue / 30) % 12;
    const value = light - reach * Math.max(-1, Math.min(place - 3, 9 - place, 1));
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  return 1.05 / (0.2126 * red + 0.7152 * green + 0.0722 * blue + 0.05);
}
