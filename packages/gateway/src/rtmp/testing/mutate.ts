/** Seeded damage for fuzz tests: the same seed makes the same bytes for ever. */

/** Numbers in [0, 1) (mulberry32). */
export function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

const TELLING = [0x00, 0x01, 0x02, 0x03, 0x05, 0x08, 0x0a, 0x0c, 0x11, 0x14, 0x16, 0x7f, 0x80, 0xc0, 0xff];

/**
 * One to eight changes: bits, telling bytes, 32-bit extremes, pieces left out, doubled, moved in from elsewhere, an early end.
 *
 * @param from where changes begin; one in ten of all results is changed before it too.
 */
export function mutate(bytes: Uint8Array, others: readonly Uint8Array[], random: () => number, from = 0): Buffer {
  const below = (end: number): number => Math.floor(random() * end);
  const start = random() < 0.1 ? 0 : from;
  let out: Buffer = Buffer.from(bytes);
  const count = 1 + below(8);
  for (let i = 0; i < count && out.length > start + 8; i += 1) {
    const at = start + below(out.length - start - 4);
    const length = 1 + below(Math.min(300, out.length - at));
    switch (below(8)) {
      case 0:
        out[at] = (out[at] ?? 0) ^ (1 << below(8));
        break;
      case 1:
      case 2:
        out[at] = TELLING[below(TELLING.length)] ?? 0;
        break;
      case 3:
        out.writeUInt32BE([0, 0xffffffff, 0x7fffffff, 0x00ffffff, 0x80000000][below(5)] ?? 0, at);
        break;
      case 4:
        out = Buffer.concat([out.subarray(0, at), out.subarray(at + length)]);
        break;
      case 5:
        out = Buffer.concat([out.subarray(0, at + length), out.subarray(at)]);
        break;
      case 6: {
        const other = others[below(others.length)] ?? bytes;
        const piece = below(other.length);
        out = Buffer.concat([out.subarray(0, at), other.subarray(piece, piece + length), out.subarray(at)]);
        break;
      }
      default:
        if (random() < 0.3) out = out.subarray(0, at);
    }
  }
  return out;
}
