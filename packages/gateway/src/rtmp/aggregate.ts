/** Aggregate messages (§7.1.6): FLV tags one behind the other in one message. */
import { RtmpError } from './errors.ts';

const TAG_HEADER_BYTES = 11;
const BACK_POINTER_BYTES = 4;

/**
 * Tells each tag within. Times are moved so that the first one has the message's own (§7.1.6). Bodies are views of the
 * message. Throws {@link RtmpError} for a tag that runs over the end.
 */
export function readAggregate(
  timestamp: number,
  body: Uint8Array,
  each: (type: number, timestamp: number, body: Uint8Array) => void,
): void {
  let at = 0;
  let offset: number | null = null;
  while (at < body.length) {
    const start = at + TAG_HEADER_BYTES;
    if (start > body.length) throw new RtmpError('aggregate: a tag that ends too early');
    const size = (body[at + 1]! << 16) | (body[at + 2]! << 8) | body[at + 3]!;
    const time = ((body[at + 7]! << 24) | (body[at + 4]! << 16) | (body[at + 5]! << 8) | body[at + 6]!) >>> 0;
    const end = start + size;
    if (end > body.length) throw new RtmpError('aggregate: a tag that ends too early');
    offset ??= timestamp - time;
    each(body[at]! & 0x1f, (time + offset) >>> 0, body.subarray(start, end));
    // The last back pointer is missing in what some servers send.
    at = end + BACK_POINTER_BYTES;
  }
}
