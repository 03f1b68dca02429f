/** Smallest and number of the drawn ids: eight digits, the first not 0, easy to read out and to type. */
const FIRST = 10_000_000;
const COUNT = 90_000_000;

/** How often a new id is drawn when the one before was taken. */
export const MAX_DRAWS = 16;

/**
 * Draws a room id. That it is free only the store can tell.
 *
 * @param random uniform in [0, 1)
 */
export function drawRoomId(random: () => number): string {
  return String(FIRST + Math.floor(random() * COUNT));
}
