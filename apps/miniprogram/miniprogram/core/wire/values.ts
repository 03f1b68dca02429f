/** Small hand-made checks: a schema library would be half of the mini program's size. */

export type Fields = Readonly<Record<string, unknown>>;

export function fields(value: unknown): Fields | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : null;
}

/** A string of at most so many UTF-16 units; `null` otherwise. */
export function text(value: unknown, max: number): string | null {
  return typeof value === 'string' && value.length <= max ? value : null;
}

export function integer(value: unknown): number | null {
  return typeof value === 'number' && Number.isSafeInteger(value) ? value : null;
}

export function bool(value: unknown): boolean | null {
  return typeof value === 'boolean' ? value : null;
}

/** Every element read, or `null` when it is no list, is too long or one element cannot be read. */
export function list<T>(value: unknown, max: number, read: (item: unknown) => T | null): T[] | null {
  if (!Array.isArray(value) || value.length > max) return null;
  const items: T[] = [];
  for (const item of value) {
    const one = read(item);
    if (one === null) return null;
    items.push(one);
  }
  return items;
}

export function oneOf<T extends string>(value: unknown, allowed: readonly T[]): T | null {
  return allowed.includes(value as T) ? (value as T) : null;
}

/** Parsed JSON of at most so many characters; `undefined` for anything else. */
export function json(value: string, max: number): unknown {
  if (value.length > max) return undefined;
  try {
    return JSON.parse(value);
  } catch {
    return undefined;
  }
}

export const MAX_URL = 4_096;
export const MAX_NAME = 128;
export const MAX_USER_ID = 64;
/** Entries of one list of people; rooms hold 50. */
export const MAX_PEOPLE = 256;
