/**
 * Rewrites picture id and TL0PICIDX of a VP8 payload descriptor in place (RFC 7741 §4.2). A field that the sender did not
 * write stays absent; a 7-bit picture id takes the low 7 bits.
 *
 * @param pictureId 15 bits, or −1 to leave it.
 * @param tl0 8 bits, or −1 to leave it.
 */
export function patchVp8Descriptor(payload: Uint8Array, length: number, pictureId: number, tl0: number): void {
  if (length < 2 || (payload[0]! & 0x80) === 0) return;
  const flags = payload[1]!;
  let at = 2;
  if ((flags & 0x80) !== 0) {
    if (at >= length) return;
    const wide = (payload[at]! & 0x80) !== 0;
    if (wide && at + 1 >= length) return;
    if (pictureId >= 0) {
      if (wide) {
        payload[at] = 0x80 | ((pictureId >> 8) & 0x7f);
        payload[at + 1] = pictureId & 0xff;
      } else payload[at] = pictureId & 0x7f;
    }
    at += wide ? 2 : 1;
  }
  if ((flags & 0x40) !== 0 && tl0 >= 0 && at < length) payload[at] = tl0 & 0xff;
}
