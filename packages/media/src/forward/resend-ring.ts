import { powerOfTwo } from './sequence.ts';

/** What is kept of a packet sent, int32 columns. */
export const SENT = {
  sequence: 0,
  slot: 1,
  generation: 2,
  timestamp: 3,
  pictureId: 4,
  tl0: 5,
  sentAt: 6,
  payloadTypes: 7,
} as const;
const WIDTH = 8;

/** The packets sent to one viewer lately, by output sequence number: enough to send them once more as they were. */
export class ResendRing {
  readonly columns: Int32Array;
  readonly #mask: number;

  constructor(packets: number) {
    const capacity = powerOfTwo(packets);
    this.columns = new Int32Array(capacity * WIDTH);
    this.#mask = capacity - 1;
    for (let i = 0; i < capacity; i++) this.columns[i * WIDTH + SENT.slot] = -1;
  }

  /** Where the row of an output number is or would be, in {@link columns}. */
  at(out: number): number {
    return (out & this.#mask) * WIDTH;
  }
}
