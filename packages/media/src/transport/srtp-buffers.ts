/**
 * Scratch memory shared by every SRTP context of a worker (they run to completion one after another). `views[n]` is the
 * first n bytes: made once per length and kept, so that no view is made per packet.
 */
export class ScratchBuffer {
  readonly bytes: Buffer;
  readonly #views: (Buffer | undefined)[] = [];

  constructor(size: number) {
    this.bytes = Buffer.alloc(size);
  }

  /** The first `length` bytes. */
  view(length: number): Buffer {
    const known = this.#views[length];
    if (known !== undefined) return known;
    const made = this.bytes.subarray(0, length);
    this.#views[length] = made;
    return made;
  }
}

/** Longest datagram that is taken apart or sent. */
export const MAX_PACKET = 2048;

/** Header (associated data) of the packet at work. */
export const HEADER_SCRATCH = new ScratchBuffer(MAX_PACKET);
/** Payload of the packet at work, before the cipher. */
export const PAYLOAD_SCRATCH = new ScratchBuffer(MAX_PACKET);
