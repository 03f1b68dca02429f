/**
 * The transport boundary: UDP, STUN (ICE-lite), DTLS records and SRTP. It is given credentials and emits plain RTP,
 * RTCP and DTLS application data. SCTP, SDP, rooms and forwarding stand above it. Every implementation passes the same
 * contract suite (`contract.ts`).
 */
import type { PacketSlab } from './slab.ts';

/** Index of a peer (one ICE/DTLS association); small, dense, reused after `closed`. */
export type PeerIndex = number;

export interface IceParameters {
  readonly usernameFragment: string;
  readonly password: string;
}

/** Which end of the DTLS handshake this side takes. */
export type DtlsRole = 'client' | 'server';

export interface DtlsFingerprint {
  /** As in SDP: `sha-256`. */
  readonly algorithm: string;
  /** Upper-case hex pairs joined by colons. */
  readonly value: string;
}

/** Where this transport can be reached; candidates come from here, never from the configuration. */
export interface TransportCandidate {
  readonly protocol: 'udp' | 'tcp';
  readonly address: string;
  readonly port: number;
  readonly priority: number;
  readonly foundation: string;
}

/**
 * `new` → `checking` (valid STUN seen) → `connected` (DTLS done: media flows) ⇄ `disconnected` (no valid packet or
 * consent for `disconnectedAfterMs`) → `failed` (for `failedAfterMs`, or the handshake failed) → `closed`.
 */
export type PeerState = 'new' | 'checking' | 'connected' | 'disconnected' | 'failed' | 'closed';

export interface RemoteParameters {
  readonly ice: IceParameters;
  readonly fingerprints: readonly DtlsFingerprint[];
  /** Our own role in the handshake. */
  readonly role: DtlsRole;
}

/** What a peer's owner is told. Called synchronously from the socket's callback: return quickly, do not throw. */
export interface PeerSink {
  /** @param reason why it failed, for logs; no secrets in it. */
  onState(peer: PeerIndex, state: PeerState, reason?: string): void;
  /**
   * One decrypted RTP packet in `slot` (see {@link PacketSlab}). The sink owns the slot from here on and must release it.
   * @param now monotonic milliseconds of its arrival.
   */
  onRtp(peer: PeerIndex, slot: number, now: number): void;
  /** One decrypted compound RTCP packet; the buffer is valid during the call only. */
  onRtcp(peer: PeerIndex, packet: Uint8Array, now: number): void;
  /** One DTLS application-data record (SCTP); the buffer is the sink's own. */
  onData(peer: PeerIndex, data: Uint8Array): void;
}

/**
 * How to write the header extensions of one outgoing stream. The incoming packet's extensions are dropped and these are
 * written instead, in the one-byte form (RFC 8285).
 */
export interface ExtensionMap {
  /** `a=extmap` id of sdes:mid at the receiver, with the section's mid. */
  readonly mid?: { readonly id: number; readonly value: string };
  /** Receiver's id of transport-wide-cc; written when the row's `TWCC` column is not −1. */
  readonly transportCc?: number;
  /** Receiver's id of abs-send-time; written at send time. */
  readonly absSendTime?: number;
  /** Extensions copied from the incoming packet: [sender's id, receiver's id]. */
  readonly copy: readonly (readonly [from: number, to: number])[];
}

/** Columns of a row of a {@link SendBatch}. All are defined at once, used or not yet. */
export const COLUMN = {
  /** Slot of the packet in the slab. */
  slot: 0,
  /** Peer to send to. */
  peer: 1,
  /** Payload type at the receiver (7 bits). */
  payloadType: 2,
  /** Marker bit: 0, 1, or −1 to keep the incoming one. */
  marker: 3,
  ssrc: 4,
  /** 16 bits. */
  sequence: 5,
  /** 32 bits, stored as int32. */
  timestamp: 6,
  /** Transport-wide sequence number, or −1 to leave the extension out. */
  transportCc: 7,
  /** Index answered by {@link Transport.defineExtensions}. */
  extensions: 8,
  /** Original sequence number to put before the payload (RFC 4588), or −1 for an ordinary packet. */
  rtxOriginal: 9,
  /** VP8 picture id to write (15 bits), or −1 to leave the descriptor alone. */
  vp8PictureId: 10,
  /** VP8 TL0PICIDX to write (8 bits), or −1. */
  vp8Tl0: 11,
  /** Bytes of payload to send, or −1 for all (0: a padding-only probe, later). */
  payloadLength: 12,
  /** Generation of the slot when the row was made; a row whose slot moved on is skipped. */
  generation: 13,
  /** Reserved for pacing: earliest send time, monotonic ms; 0 = now. */
  notBefore: 14,
  /** Reserved: dependency-descriptor patch. */
  descriptor: 15,
} as const;

/** int32 values per row. */
export const ROW = 16;

/** Rows to send, one after another, each {@link ROW} wide; only the first `count` rows hold. */
export interface SendBatch {
  readonly rows: Int32Array;
  count: number;
}

export interface TransportLimits {
  /** Peers at once. */
  readonly maxPeers: number;
  /** STUN requests with an unknown ufrag or wrong integrity, per source address and second; more are ignored. */
  readonly maxUnauthenticatedStunPerSecond: number;
  /** DTLS handshakes under way at once, over all peers. */
  readonly maxHandshakes: number;
  /** A handshake not done by then fails. */
  readonly handshakeTimeoutMs: number;
}

export interface TransportOptions {
  /** UDP port for all media; 0 = any free one. */
  readonly port: number;
  /** Addresses to bind and announce; empty = every useful interface (IPv4, IPv6, loopback too). */
  readonly listenAddresses: readonly string[];
  /** Added to the addresses found (a public address behind NAT). */
  readonly announcedAddresses: readonly string[];
  /** Names this worker in every ufrag; 1–4 ice-chars. */
  readonly workerTag: string;
  /** Slots of the slab. */
  readonly slots: number;
  readonly disconnectedAfterMs: number;
  readonly failedAfterMs: number;
  readonly limits: TransportLimits;
  /** Monotonic milliseconds, with fractions. The one clock of the engine. */
  readonly clock: () => number;
}

export interface Transport {
  readonly slab: PacketSlab;
  readonly port: number;
  readonly fingerprint: DtlsFingerprint;
  candidates(): readonly TransportCandidate[];
  /** Makes a peer with fresh local ICE parameters. Throws {@link Error} when `maxPeers` are in use. */
  createPeer(sink: PeerSink): PeerIndex;
  localIce(peer: PeerIndex): IceParameters;
  /** Fresh local ICE parameters for an ICE restart; the old ones stay valid until the new are used. */
  restartIce(peer: PeerIndex): IceParameters;
  /** Sets or replaces (ICE restart) what is known of the other end. A new fingerprint after `connected` is refused. */
  setRemote(peer: PeerIndex, remote: RemoteParameters): void;
  state(peer: PeerIndex): PeerState;
  /** Registers how to write extensions for a stream; the answer goes into the `extensions` column. */
  defineExtensions(peer: PeerIndex, map: ExtensionMap): number;
  releaseExtensions(index: number): void;
  /** Sends rows, in order. Rows to peers that are not connected, or whose slot moved on, are skipped. */
  send(batch: SendBatch): void;
  /** Encrypts and sends one compound RTCP packet. */
  sendRtcp(peer: PeerIndex, packet: Uint8Array): void;
  /** Sends DTLS application data. */
  sendData(peer: PeerIndex, data: Uint8Array): void;
  /** Sends close_notify, forgets the peer and its index. */
  closePeer(peer: PeerIndex): void;
  /** Counters since the start, for metrics and tests. */
  stats(): TransportStats;
  close(): Promise<void>;
}

export interface TransportStats {
  packetsIn: number;
  packetsOut: number;
  bytesIn: number;
  bytesOut: number;
  /** Dropped: not from a validated address, not authentic, replayed, malformed, or no slot free. */
  dropped: { unknownAddress: number; authentication: number; replay: number; malformed: number; noSlot: number };
}
