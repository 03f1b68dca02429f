/**
 * RTP over plain UDP, one datagram a packet: what stands in place of a media server in `gateway-delay.ts`, so that the
 * gateway's RTP side has a socket of its own and nothing else is measured.
 */
export const wireKinds = { rtp: 0, report: 1, keyframe: 2 } as const;

export interface WireMessage {
  readonly kind: number;
  /** Twice the number of the participant, one more for sound. */
  readonly track: number;
  readonly marker: boolean;
  readonly sequence: number;
  readonly timestamp: number;
  /** Reports only. */
  readonly ntpMs: number;
  readonly payload: Buffer;
}

const headBytes = 20;

export function wireMessage(
  message: Partial<WireMessage> & { kind: number; track: number },
  payload?: Uint8Array,
): Buffer {
  const head = Buffer.alloc(headBytes);
  head[0] = message.kind;
  head[1] = message.marker === true ? 1 : 0;
  head.writeUInt16BE(message.track, 2);
  head.writeUInt16BE((message.sequence ?? 0) & 0xffff, 4);
  head.writeUInt32BE((message.timestamp ?? 0) >>> 0, 8);
  head.writeDoubleBE(message.ntpMs ?? 0, 12);
  return payload === undefined ? head : Buffer.concat([head, payload]);
}

export function readWire(datagram: Buffer): WireMessage {
  return {
    kind: datagram[0]!,
    marker: datagram[1] === 1,
    track: datagram.readUInt16BE(2),
    sequence: datagram.readUInt16BE(4),
    timestamp: datagram.readUInt32BE(8),
    ntpMs: datagram.readDoubleBE(12),
    payload: datagram.subarray(headBytes),
  };
}
