import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NO_SEATS, type Seating, seat } from './seating.ts';

const people = fc.uniqueArray(fc.constantFrom(...'abcdefghij'), { maxLength: 8 });

/** Lists one after another, as updates come. */
function run(lists: readonly (readonly string[])[], size: number): Seating[] {
  let seating: Seating = NO_SEATS;
  return lists.map((keys) => {
    seating = seat(seating, keys, size);
    return seating;
  });
}

describe('members', () => {
  it('[WR1] an update that removes one and adds another while all places are taken seats the newcomer', () => {
    const [, after] = run(
      [
        ['a', 'b', 'c'],
        ['a', 'c', 'd'],
      ],
      3,
    );
    expect(after?.places).toEqual(['a', 'd', 'c']);
    expect(after?.waiting).toEqual([]);
  });

  it('[WR1] nobody of the list is forgotten, nobody else is there, and nobody waits beside a free place', () => {
    fc.assert(
      fc.property(fc.array(people, { minLength: 1, maxLength: 12 }), fc.integer({ min: 1, max: 5 }), (lists, size) => {
        run(lists, size).forEach((seating, i) => {
          const seated = seating.places.filter((key) => key !== null);
          expect(seating.places).toHaveLength(size);
          expect([...seated, ...seating.waiting].sort()).toEqual([...(lists[i] ?? [])].sort());
          if (seating.waiting.length > 0) expect(seated).toHaveLength(size);
        });
      }),
    );
  });

  it('[WR2] who has a place keeps it while he is there; those who wait keep their order', () => {
    fc.assert(
      fc.property(fc.array(people, { minLength: 2, maxLength: 12 }), (lists) => {
        const seatings = run(lists, 3);
        seatings.forEach((after, i) => {
          const before = seatings[i - 1];
          if (before === undefined) return;
          const here = new Set(lists[i]);
          before.places.forEach((key, place) => {
            if (key !== null && here.has(key)) expect(after.places[place]).toBe(key);
          });
          const stillWaiting = before.waiting.filter((key) => after.waiting.includes(key));
          expect(after.waiting.filter((key) => stillWaiting.includes(key))).toEqual(stillWaiting);
        });
      }),
    );
  });

  it('[WR2] the one who has waited longest moves up', () => {
    const seatings = run([['a'], ['a', 'b'], ['a', 'b', 'c'], ['b', 'c', 'd']], 1);
    expect(seatings[3]).toEqual({ places: ['b'], waiting: ['c', 'd'] });
  });

  it('[WR3] a smaller template displaces by place, and a larger one seats those first who waited', () => {
    const three = seat(NO_SEATS, ['a', 'b', 'c', 'd'], 3);
    const one = seat(three, ['a', 'b', 'c', 'd'], 1);
    expect(one).toEqual({ places: ['a'], waiting: ['b', 'c', 'd'] });
    expect(seat(one, ['a', 'b', 'c', 'd'], 3).places).toEqual(['a', 'b', 'c']);
  });

  it('[WR3] the presenter has a place even when all are taken', () => {
    const full = seat(NO_SEATS, ['a', 'b', 'c'], 3);
    const after = seat(full, ['a', 'b', 'c', 'd', 'boss'], 3, 'boss');
    expect(after).toEqual({ places: ['a', 'b', 'boss'], waiting: ['c', 'd'] });
  });
});
