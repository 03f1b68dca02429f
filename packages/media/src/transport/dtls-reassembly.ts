/** A handshake message or a piece of one (RFC 6347 §4.2.2), as the handshake library holds it. */
export interface HandshakePiece {
  readonly msg_type: number;
  readonly length: number;
  readonly message_seq: number;
  readonly fragment_offset: number;
  readonly fragment_length: number;
  readonly fragment: Buffer;
}

/** No certificate chain of a browser comes near. */
const MAX_MESSAGE = 16 * 1024;
/** Messages of a flight that came before their turn. */
const MAX_AHEAD = 8;
/** The longest handshake has eight messages from one side. */
const MAX_MESSAGES = 16;

interface Partial {
  readonly type: number;
  readonly bytes: Buffer;
  /** Which bytes are there. */
  readonly have: Uint8Array;
  missing: number;
}

export interface WholeMessage {
  readonly type: number;
  readonly seq: number;
  readonly body: Buffer;
}

/**
 * Puts handshake messages together and in order: each message is handed out once, in the order of its sequence number,
 * as the transcript of the handshake demands. A message that was handed out before is told as a repetition.
 */
export class HandshakeReassembly {
  readonly #partials = new Map<number, Partial>();
  #next = 0;

  /** Sequence number of the message that is waited for. */
  get next(): number {
    return this.#next;
  }

  /**
   * Takes one piece.
   * @returns `repeated` for a message handed out before, `refused` when limits or consistency are broken, else `taken`.
   */
  add(piece: HandshakePiece): 'taken' | 'repeated' | 'refused' {
    const seq = piece.message_seq;
    if (seq < this.#next) return 'repeated';
    if (seq >= this.#next + MAX_AHEAD || seq >= MAX_MESSAGES) return 'refused';
    const { length, fragment_offset: offset, fragment } = piece;
    if (length > MAX_MESSAGE || fragment.length !== piece.fragment_length || offset + fragment.length > length) {
      return 'refused';
    }
    let partial = this.#partials.get(seq);
    if (partial === undefined) {
      partial = { type: piece.msg_type, bytes: Buffer.alloc(length), have: new Uint8Array(length), missing: length };
      this.#partials.set(seq, partial);
    } else if (partial.type !== piece.msg_type || partial.bytes.length !== length) return 'refused';
    for (let i = 0; i < fragment.length; i++) {
      if (partial.have[offset + i] === 1) continue;
      partial.have[offset + i] = 1;
      partial.bytes[offset + i] = fragment[i]!;
      partial.missing--;
    }
    return 'taken';
  }

  /** The next message in order, when it is whole. */
  take(): WholeMessage | null {
    const partial = this.#partials.get(this.#next);
    if (partial === undefined || partial.missing > 0) return null;
    const seq = this.#next;
    this.#partials.delete(seq);
    this.#next++;
    return { type: partial.type, seq, body: partial.bytes };
  }
}
