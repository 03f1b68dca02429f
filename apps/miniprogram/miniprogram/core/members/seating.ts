/** Who has a tile and who waits for one, by stream key. */
export interface Seating {
  /** As many as the template shows; a place stays its holder's until he goes. */
  readonly places: readonly (string | null)[];
  /** Those without a tile, in the order of their coming. */
  readonly waiting: readonly string[];
}

export const NO_SEATS: Seating = { places: [], waiting: [] };

/**
 * Gives places to the streams of a list. Whoever is gone gives his up first; only then those who waited and those who are
 * new move in. So a list that removes one and adds another never turns the newcomer away, and nobody is forgotten: who
 * finds no place waits for one.
 *
 * @param first a stream that must have a place (the presenter), or `null`
 */
export function seat(before: Seating, keys: readonly string[], size: number, first: string | null = null): Seating {
  const present = new Set(keys);
  const held = before.places.map((key) => (key !== null && present.has(key) ? key : null));
  const places: (string | null)[] = held.slice(0, size);
  while (places.length < size) places.push(null);
  // A smaller template: who sat in what is gone now comes before those who waited already.
  const displaced = held.slice(size).filter((key) => key !== null);
  const known = new Set([...held, ...before.waiting]);
  const queue = [
    ...displaced,
    ...before.waiting.filter((key) => present.has(key)),
    ...new Set(keys.filter((key) => !known.has(key))),
  ];
  if (first !== null && queue.includes(first)) {
    queue.splice(queue.indexOf(first), 1);
    queue.unshift(first);
  }
  for (let i = 0; i < places.length && queue.length > 0; i++) places[i] ??= queue.shift() ?? null;
  if (first !== null && queue[0] === first && size > 0) {
    const out = places[size - 1] ?? null;
    places[size - 1] = first;
    queue.shift();
    if (out !== null) queue.unshift(out);
  }
  return { places, waiting: queue };
}
