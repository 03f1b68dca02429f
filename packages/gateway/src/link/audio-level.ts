/** The value of the header extension that says how loud a packet is (RFC 6464 §3): voice in bit 7, the level below it. */

/** No level is known of a packet. */
export const NO_LEVEL = -1;
/** Above −45 dBov it is taken for a voice; a quiet room is below −50. */
const VOICE_LEVEL = 45;
const VOICE_BIT = 0x80;
const SILENCE = 127;

/** @param level −dBov, 0 … 127; undefined or anything else when it is not known. Answers the byte, or {@link NO_LEVEL}. */
export function levelByte(level: number | undefined): number {
  if (level === undefined || !(level >= 0 && level <= SILENCE)) return NO_LEVEL;
  return level <= VOICE_LEVEL ? VOICE_BIT | level : level | 0;
}
