import { expect, it, vi } from 'vitest';

it('[CB43] what older versions of Node.js lack is added, and does what the newer ones do', async () => {
  const list = [1, 2, 3];
  const texts = ['a\uD800', '\uDC00b', '😀', 'a\uD800\uD800😀\uDC00', ''];
  const own = { with: Array.prototype.with, toWellFormed: String.prototype.toWellFormed };
  const expected = texts.map((text) => text.toWellFormed());
  Reflect.deleteProperty(Array.prototype, 'with');
  Reflect.deleteProperty(String.prototype, 'toWellFormed');
  try {
    vi.resetModules();
    await import('./older-node.ts');
    expect(list.with(1, 9)).toEqual([1, 9, 3]);
    expect(list.with(-1, 9)).toEqual([1, 2, 9]);
    expect(() => list.with(3, 9)).toThrow(RangeError);
    expect(list).toEqual([1, 2, 3]);
    expect(texts.map((text) => text.toWellFormed())).toEqual(expected);
    expect(Object.keys(list)).toEqual(['0', '1', '2']);
    expect(Array.prototype.with).not.toBe(own.with);
  } finally {
    for (const [prototype, name] of [
      [Array.prototype, 'with'],
      [String.prototype, 'toWellFormed'],
    ] as const) {
      Object.defineProperty(prototype, name, { value: Reflect.get(own, name), configurable: true, writable: true });
    }
  }
});
