import { COLUMN, ROW, type SendBatch, type Transport } from '../transport/types.ts';
import { BATCH_ROWS } from './constants.ts';

/** The one send batch: rows are written at {@link next} and go out with {@link flush}, or when it is full. */
export class FanOut {
  readonly rows = new Int32Array(BATCH_ROWS * ROW);
  readonly #batch: SendBatch = { rows: this.rows, count: 0 };
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /** Place of the next row; every column is the caller's to fill, except those that are not used yet. */
  next(): number {
    if (this.#batch.count === BATCH_ROWS) this.flush();
    const at = this.#batch.count++ * ROW;
    this.rows[at + COLUMN.payloadLength] = -1;
    this.rows[at + COLUMN.transportCc] = -1;
    this.rows[at + COLUMN.notBefore] = 0;
    this.rows[at + COLUMN.descriptor] = -1;
    return at;
  }

  flush(): void {
    if (this.#batch.count === 0) return;
    this.#transport.send(this.#batch);
    this.#batch.count = 0;
  }
}
