/** Data Channel Establishment Protocol (RFC 8832) and the payload kinds of data channels (RFC 8831 §8). */

export const PPID = { dcep: 50, string: 51, binary: 53, stringEmpty: 56, binaryEmpty: 57 } as const;

const OPEN = 3;
const ACK = 2;
const OPEN_HEADER = 12;
const UNORDERED = 0x80;
/** Labels and protocols are short names; longer ones are somebody's mistake or worse. */
const MAX_NAME = 1024;

export interface OpenMessage {
  readonly label: string;
  readonly protocol: string;
  readonly ordered: boolean;
  readonly maxRetransmits: number | null;
  readonly maxLifetimeMs: number | null;
}

export const ACK_MESSAGE = Buffer.of(ACK);

export function isAck(data: Buffer): boolean {
  return data.length >= 1 && data[0] === ACK;
}

/** Reads DATA_CHANNEL_OPEN; null when it is something else or malformed. */
export function parseOpen(data: Buffer): OpenMessage | null {
  if (data.length < OPEN_HEADER || data[0] !== OPEN) return null;
  const type = data[1]!;
  const reliability = data.readUInt32BE(4);
  const labelBytes = data.readUInt16BE(8);
  const protocolBytes = data.readUInt16BE(10);
  if (labelBytes > MAX_NAME || protocolBytes > MAX_NAME) return null;
  if (OPEN_HEADER + labelBytes + protocolBytes > data.length) return null;
  const kind = type & ~UNORDERED;
  if (kind > 2) return null;
  return {
    label: data.toString('utf8', OPEN_HEADER, OPEN_HEADER + labelBytes),
    protocol: data.toString('utf8', OPEN_HEADER + labelBytes, OPEN_HEADER + labelBytes + protocolBytes),
    ordered: (type & UNORDERED) === 0,
    maxRetransmits: kind === 1 ? reliability : null,
    maxLifetimeMs: kind === 2 ? reliability : null,
  };
}

/** Writes DATA_CHANNEL_OPEN. Throws {@link RangeError} for a label longer than we would accept. */
export function buildOpen(label: string, ordered: boolean, maxRetransmits: number | null): Buffer {
  const name = Buffer.from(label);
  if (name.length > MAX_NAME) throw new RangeError(`A label of ${name.length} bytes is too long`);
  const message = Buffer.alloc(OPEN_HEADER + name.length);
  message[0] = OPEN;
  message[1] = (ordered ? 0 : UNORDERED) | (maxRetransmits === null ? 0 : 1);
  message.writeUInt32BE(maxRetransmits ?? 0, 4);
  message.writeUInt16BE(name.length, 8);
  name.copy(message, OPEN_HEADER);
  return message;
}
