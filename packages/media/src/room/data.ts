/** User data: who sent it is ours to say; reliable packets are numbered, kept for a while and replayed after a resume. */
import { DataPacket, DataPacket_Kind } from '@livekit/protocol';
import type { Connection, DataChannelKind } from '../connection/types.ts';
import { RateLimit } from '../signal/rate.ts';

export type UserDataKind = 'reliable' | 'lossy';

export interface DataLimits {
  readonly dataPacketBytes: number;
  readonly dataPacketsPerSecond: number;
  readonly dataBytesPerSecond: number;
}

/** What one participant sends in. */
export class DataInbox {
  readonly #limits: DataLimits;
  readonly #packets: RateLimit;
  readonly #bytes: RateLimit;
  #lastSequence = 0;

  constructor(limits: DataLimits, now: number) {
    this.#limits = limits;
    this.#packets = new RateLimit(limits.dataPacketsPerSecond, limits.dataPacketsPerSecond * 2, now);
    this.#bytes = new RateLimit(limits.dataBytesPerSecond, limits.dataBytesPerSecond * 2, now);
  }

  /** Of the last reliable packet; the client sends again what came after it. */
  get lastSequence(): number {
    return this.#lastSequence;
  }

  /** The packet, stamped and fit to forward; null = drop it. */
  accept(
    kind: UserDataKind,
    bytes: Uint8Array,
    sender: { readonly sid: string; readonly identity: string; readonly hidden: boolean },
    now: number,
  ): DataPacket | null {
    // The limit is on the payload as clients count it; the envelope gets some room.
    if (bytes.byteLength > this.#limits.dataPacketBytes + 2_048) return null;
    if (!this.#packets.take(now) || !this.#bytes.take(now, bytes.byteLength)) return null;
    let packet: DataPacket;
    try {
      packet = DataPacket.fromBinary(bytes);
    } catch {
      return null;
    }
    if (!FORWARDED.has(packet.value.case ?? '')) return null;
    if (kind === 'reliable' && packet.sequence > 0) {
      // Sent again after a resume, and known already.
      if (packet.sequence <= this.#lastSequence) return null;
      this.#lastSequence = packet.sequence;
    }
    if (kind === 'lossy') packet.sequence = 0;
    packet.kind = kind === 'reliable' ? DataPacket_Kind.RELIABLE : DataPacket_Kind.LOSSY;
    packet.participantSid = sender.hidden ? '' : sender.sid;
    packet.participantIdentity = sender.hidden ? '' : sender.identity;
    if (packet.value.case === 'user') {
      const user = packet.value.value;
      user.participantSid = packet.participantSid;
      user.participantIdentity = packet.participantIdentity;
      if (packet.destinationIdentities.length > 0) user.destinationIdentities = packet.destinationIdentities;
      else packet.destinationIdentities = user.destinationIdentities;
    }
    return packet;
  }
}

/** What clients may send one another. Metrics, transcriptions and speaker updates stop here. */
const FORWARDED: ReadonlySet<string> = new Set([
  'user',
  'sipDtmf',
  'chatMessage',
  'rpcRequest',
  'rpcAck',
  'rpcResponse',
  'streamHeader',
  'streamChunk',
  'streamTrailer',
  'encryptedPacket',
]);

/** What one participant is sent. Reliable packets wait until its channel opens. */
export class DataOutbox {
  readonly #limit: number;
  readonly #connection: () => Connection | null;
  #open = false;
  #waiting: Uint8Array[] = [];
  #waitingBytes = 0;

  constructor(limitBytes: number, connection: () => Connection | null) {
    this.#limit = limitBytes;
    this.#connection = connection;
  }

  opened(kind: DataChannelKind): void {
    if (kind !== 'reliable' || this.#open) return;
    this.#open = true;
    const waiting = this.#waiting;
    this.#waiting = [];
    this.#waitingBytes = 0;
    const connection = this.#connection();
    for (const bytes of waiting) connection?.sendData('reliable', bytes);
  }

  /** False when a reliable packet cannot be delivered any more: the receiver has fallen too far behind. */
  send(kind: UserDataKind, bytes: Uint8Array): boolean {
    const connection = this.#connection();
    if (kind === 'lossy') {
      connection?.sendData('lossy', bytes);
      return true;
    }
    if (this.#open && connection) return connection.sendData('reliable', bytes);
    if (this.#waitingBytes + bytes.byteLength > this.#limit) return false;
    this.#waiting.push(bytes);
    this.#waitingBytes += bytes.byteLength;
    return true;
  }
}

interface Kept {
  readonly senderSid: string;
  readonly sequence: number;
  readonly at: number;
  readonly bytes: Uint8Array;
  /** Empty = everybody. */
  readonly to: ReadonlySet<string>;
}

/** The last seconds of a room's reliable packets. */
export class ReplayBuffer {
  readonly #keepMs: number;
  readonly #limit: number;
  #kept: Kept[] = [];
  #bytes = 0;

  constructor(keepMs: number, limitBytes: number) {
    this.#keepMs = keepMs;
    this.#limit = limitBytes;
  }

  add(senderSid: string, sequence: number, bytes: Uint8Array, to: ReadonlySet<string>, now: number): void {
    if (sequence <= 0) return;
    this.#kept.push({ senderSid, sequence, at: now, bytes, to });
    this.#bytes += bytes.byteLength;
    let drop = 0;
    for (const old of this.#kept) {
      if (now - old.at <= this.#keepMs && this.#bytes <= this.#limit) break;
      this.#bytes -= old.bytes.byteLength;
      drop++;
    }
    if (drop > 0) this.#kept.splice(0, drop);
  }

  /** What a receiver has not had yet, in order. Senders it names no sequence of are left out: it had nothing of them. */
  *after(lastSequences: ReadonlyMap<string, number>, receiver: { sid: string; identity: string }, now: number) {
    for (const packet of this.#kept) {
      const last = lastSequences.get(packet.senderSid);
      if (last === undefined || packet.sequence <= last || now - packet.at > this.#keepMs) continue;
      if (packet.senderSid === receiver.sid) continue;
      if (packet.to.size > 0 && !packet.to.has(receiver.identity) && !packet.to.has(receiver.sid)) continue;
      yield packet.bytes;
    }
  }
}

/** Remembers the nonces of user packets, so that a packet sent twice (API retries) arrives once. */
export class NonceMemory {
  readonly #seen = new Set<string>();
  readonly #capacity: number;

  constructor(capacity = 1_000) {
    this.#capacity = capacity;
  }

  isRepeated(nonce: Uint8Array): boolean {
    if (nonce.byteLength === 0 || nonce.byteLength > 64) return false;
    const key = Buffer.from(nonce).toString('base64');
    if (this.#seen.has(key)) return true;
    if (this.#seen.size >= this.#capacity) {
      const oldest = this.#seen.values().next();
      if (!oldest.done) this.#seen.delete(oldest.value);
    }
    this.#seen.add(key);
    return false;
  }
}
