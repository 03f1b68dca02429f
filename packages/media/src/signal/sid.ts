import { randomBytes } from 'node:crypto';

/** Kinds of server-made identifiers, as LiveKit's clients know them by their first letters. */
export type SidPrefix = 'RM' | 'PA' | 'TR' | 'EV' | 'ND' | 'DTR';

const LETTERS = '23456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz';

/** A fresh identifier such as `PA_4fT…`: 12 letters, 70 bits. */
export function newSid(prefix: SidPrefix): string {
  const bytes = randomBytes(12);
  let text = `${prefix}_`;
  for (const byte of bytes) text += LETTERS[byte % LETTERS.length];
  return text;
}
