/** Record layer framing (RFC 6347 §4.1), enough to look at records before and beside the handshake library. */

export const RECORD_HEADER = 13;

export const CONTENT = { changeCipherSpec: 20, alert: 21, handshake: 22, applicationData: 23 } as const;

export const DTLS_1_2 = 0xfefd;
/** First flights of some clients say DTLS 1.0 in the record header. */
const DTLS_1_0 = 0xfeff;

/**
 * Length of the record at `at`, header included; 0 when it is cut short or none. The rest of the datagram is dropped
 * then (RFC 6347 §4.1.2.7).
 */
export function recordLength(datagram: Buffer, at: number): number {
  if (at + RECORD_HEADER > datagram.length) return 0;
  const version = datagram.readUInt16BE(at + 1);
  if (version !== DTLS_1_2 && version !== DTLS_1_0) return 0;
  const length = RECORD_HEADER + datagram.readUInt16BE(at + 11);
  return at + length <= datagram.length ? length : 0;
}

export function recordType(record: Buffer): number {
  return record[0]!;
}

export function recordEpoch(record: Buffer): number {
  return record.readUInt16BE(3);
}

export function recordSequence(record: Buffer): number {
  return record.readUIntBE(5, 6);
}

/** Builds a record around an encrypted or plain fragment. */
export function buildRecord(type: number, epoch: number, sequence: number, fragment: Uint8Array): Buffer {
  const record = Buffer.allocUnsafe(RECORD_HEADER + fragment.length);
  record[0] = type;
  record.writeUInt16BE(DTLS_1_2, 1);
  record.writeUInt16BE(epoch, 3);
  record.writeUIntBE(sequence, 5, 6);
  record.writeUInt16BE(fragment.length, 11);
  record.set(fragment, RECORD_HEADER);
  return record;
}

/** Whether a datagram begins with a ClientHello (epoch 0). */
export function isClientHello(datagram: Buffer): boolean {
  return (
    recordLength(datagram, 0) > RECORD_HEADER &&
    recordType(datagram) === CONTENT.handshake &&
    recordEpoch(datagram) === 0 &&
    datagram[RECORD_HEADER] === 1
  );
}
