/** Reads FLV as it comes (Adobe FLV 10.1 annex E), for tests, capture and benches. */

export interface FlvHeader {
  readonly kind: 'header';
  readonly hasAudio: boolean;
  readonly hasVideo: boolean;
}

/** One tag, in the shape of RTMP's media messages. The payload is a copy. */
export interface FlvTag {
  readonly kind: 'audio' | 'video' | 'data';
  /** 32 bits. */
  readonly timestamp: number;
  readonly payload: Uint8Array;
}

/** The bytes are no FLV; nothing more is read. */
export class FlvError extends Error {
  override name = 'FlvError';
}

export interface FlvDemuxer {
  /** Takes the next bytes and answers what is complete. Throws {@link FlvError}, and from then on always. */
  push(bytes: Uint8Array): (FlvHeader | FlvTag)[];
  /** Bytes kept for what is not complete. */
  readonly pending: number;
}

const kinds: Readonly<Record<number, FlvTag['kind']>> = { 8: 'audio', 9: 'video', 18: 'data' };

/** @param maxTagBytes a longer tag is an error before it is gathered. */
export function createFlvDemuxer(options: { readonly maxTagBytes: number } = { maxTagBytes: 4_000_000 }): FlvDemuxer {
  let store = Buffer.alloc(0);
  let pending = 0;
  let state: 'header' | 'skip' | 'tag' | 'body' = 'header';
  let needed = 9;
  let tag = { type: 0, size: 0, timestamp: 0 };
  let failure: FlvError | null = null;

  function fail(sentence: string): never {
    failure = new FlvError(sentence);
    store = Buffer.alloc(0);
    pending = 0;
    throw failure;
  }

  /** Twice as large each time, so that a tag that comes byte by byte is not copied for each of them. */
  function append(bytes: Uint8Array): void {
    if (pending + bytes.length > store.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(pending + bytes.length, 2 * pending, 64));
      larger.set(store.subarray(0, pending));
      store = larger;
    }
    store.set(bytes, pending);
    pending += bytes.length;
  }

  function readHeader(bytes: Buffer): FlvHeader {
    if (bytes.toString('latin1', 0, 3) !== 'FLV' || bytes[3] !== 1) fail('not an FLV stream of version 1');
    const size = bytes.readUInt32BE(5);
    if (size < 9 || size > 1_024) fail('an FLV header of unlikely size');
    state = 'skip';
    needed = size - 9 + 4;
    const flags = bytes[4] ?? 0;
    return { kind: 'header', hasAudio: (flags & 4) !== 0, hasVideo: (flags & 1) !== 0 };
  }

  function readTagHeader(bytes: Buffer): void {
    const size = bytes.readUIntBE(1, 3);
    const first = bytes[0] ?? 0;
    if ((first & 0xe0) !== 0) fail('an FLV tag is encrypted, or no tag');
    if (size > options.maxTagBytes) fail('an FLV tag is too long');
    tag = { type: first, size, timestamp: ((bytes[7] ?? 0) * 2 ** 24 + bytes.readUIntBE(4, 3)) >>> 0 };
    state = 'body';
    needed = size + 4;
  }

  function readBody(bytes: Buffer): FlvTag | null {
    state = 'tag';
    needed = 11;
    if (bytes.readUInt32BE(tag.size) !== tag.size + 11) fail('the size behind an FLV tag is not its size');
    const kind = kinds[tag.type];
    return kind === undefined
      ? null
      : { kind, timestamp: tag.timestamp, payload: new Uint8Array(bytes.subarray(0, tag.size)) };
  }

  return {
    get pending() {
      return pending;
    },
    push(bytes) {
      if (failure !== null) throw failure;
      const out: (FlvHeader | FlvTag)[] = [];
      append(bytes);
      let at = 0;
      while (pending - at >= needed) {
        const next = store.subarray(at, at + needed);
        at += needed;
        if (state === 'header') {
          out.push(readHeader(next));
        } else if (state === 'skip') {
          state = 'tag';
          needed = 11;
        } else if (state === 'tag') {
          readTagHeader(next);
        } else {
          const read = readBody(next);
          if (read !== null) out.push(read);
        }
      }
      store.copyWithin(0, at, pending);
      pending -= at;
      return out;
    },
  };
}
