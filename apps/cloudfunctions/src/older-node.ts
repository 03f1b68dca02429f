/**
 * What the room rules use and Node.js 16 and 18 lack, as far as they use it. Bundled into every function; newer versions keep
 * their own.
 */
if (typeof Array.prototype.with !== 'function') {
  Object.defineProperty(Array.prototype, 'with', {
    configurable: true,
    writable: true,
    value: function withValue<T>(this: readonly T[], index: number, value: T): T[] {
      const at = index < 0 ? this.length + index : index;
      if (at < 0 || at >= this.length) throw new RangeError('Invalid index');
      const copy = [...this];
      copy[at] = value;
      return copy;
    },
  });
}

if (typeof String.prototype.toWellFormed !== 'function') {
  Object.defineProperty(String.prototype, 'toWellFormed', {
    configurable: true,
    writable: true,
    value: function toWellFormed(this: string): string {
      return String(this).replace(/[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/g, '\uFFFD');
    },
  });
}
