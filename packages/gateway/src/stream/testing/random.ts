/** A small seeded generator (mulberry32) for fuzz tests. */
export interface Random {
  /** Uniform in [0, 1). */
  (): number;
  /** Uniform in 0 … limit - 1. */
  integer(limit: number): number;
  bytes(length: number): Uint8Array;
  /** A copy with some bytes changed, left out or added. */
  spoil(bytes: Uint8Array, changes: number): Uint8Array;
}

export function seeded(seed: number): Random {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let value = Math.imul(state ^ (state >>> 15), 1 | state);
    value = (value + Math.imul(value ^ (value >>> 7), 61 | value)) ^ value;
    return ((value ^ (value >>> 14)) >>> 0) / 2 ** 32;
  };
  const integer = (limit: number) => Math.floor(next() * limit);
  return Object.assign(next, {
    integer,
    bytes: (length: number) => Uint8Array.from({ length }, () => integer(256)),
    spoil(bytes: Uint8Array, changes: number) {
      const out = [...bytes];
      for (let i = 0; i < changes && out.length > 0; i++) {
        const at = integer(out.length);
        const what = next();
        if (what < 0.7) out[at] = integer(256);
        else if (what < 0.85) out.splice(at, 1 + integer(4));
        else out.splice(at, 0, integer(256));
      }
      return Uint8Array.from(out);
    },
  });
}
