/** One transport-wide feedback packet, read independently of how it was written. */
export interface Feedback {
  readonly media: number;
  readonly base: number;
  readonly count: number;
  readonly feedbackCount: number;
  readonly referenceMs: number;
  /** Arrival in ms (mod 2^24 × 64) by sequence number, null for missing. */
  readonly arrivals: Map<number, number | null>;
  readonly bytes: number;
}

export function readFeedback(view: DataView): Feedback {
  const padding = (view.getUint8(0) & 0x20) === 0 ? 0 : view.getUint8(view.byteLength - 1);
  const end = view.byteLength - padding;
  const base = view.getUint16(12);
  const count = view.getUint16(14);
  const reference = view.getUint32(16) >>> 8;
  const symbols: number[] = [];
  let at = 20;
  while (symbols.length < count) {
    const chunk = view.getUint16(at);
    at += 2;
    if ((chunk & 0x8000) === 0) for (let i = 0; i < (chunk & 0x1fff); i++) symbols.push((chunk >> 13) & 3);
    else if ((chunk & 0x4000) === 0) for (let i = 13; i >= 0; i--) symbols.push((chunk >> i) & 1);
    else for (let i = 12; i >= 0; i -= 2) symbols.push((chunk >> i) & 3);
  }
  const arrivals = new Map<number, number | null>();
  let quarters = reference * 256;
  for (let i = 0; i < count; i++) {
    const symbol = symbols[i];
    if (symbol === 0) {
      arrivals.set((base + i) & 0xffff, null);
      continue;
    }
    if (symbol !== 1 && symbol !== 2) throw new Error(`Reserved symbol ${symbol}.`);
    quarters += symbol === 1 ? view.getUint8(at) : view.getInt16(at);
    at += symbol;
    arrivals.set((base + i) & 0xffff, quarters / 4);
  }
  if (at > end || end - at > 3) throw new Error(`Feedback ends at ${at}, not at ${end}.`);
  return {
    media: view.getUint32(8),
    base,
    count,
    feedbackCount: view.getUint8(19),
    referenceMs: reference * 64,
    arrivals,
    bytes: view.byteLength,
  };
}
