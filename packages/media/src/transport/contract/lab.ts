import { headerLength } from '../rtp.ts';
import {
  COLUMN,
  type DtlsRole,
  type PeerIndex,
  type PeerSink,
  type PeerState,
  ROW,
  type Transport,
  type TransportLimits,
  type TransportOptions,
} from '../types.ts';
import { until, Wire, WireEnd } from './wire.ts';

/** What an implementation gives: a transport with these options. */
export type OpenTransport = (options: TransportOptions) => Promise<Transport>;

export type LabOptions = Partial<Omit<TransportOptions, 'limits' | 'clock'>> & {
  readonly limits?: Partial<TransportLimits>;
};

/** A peer and everything its sink was told. */
export class LabPeer implements PeerSink {
  readonly transport: Transport;
  readonly index: PeerIndex;
  readonly states: PeerState[] = [];
  readonly reasons: string[] = [];
  /** Copies of decrypted RTP packets; their slots were released. */
  readonly rtp: Buffer[] = [];
  readonly rtcp: Buffer[] = [];
  readonly data: Buffer[] = [];
  /** Keeps slots instead of releasing them. */
  keepSlots = false;
  readonly slots: number[] = [];

  constructor(transport: Transport) {
    this.transport = transport;
    this.index = transport.createPeer(this);
  }

  get state(): PeerState {
    return this.transport.state(this.index);
  }

  onState(_peer: PeerIndex, state: PeerState, reason?: string): void {
    this.states.push(state);
    if (reason !== undefined) this.reasons.push(reason);
  }

  onRtp(_peer: PeerIndex, slot: number): void {
    const { slab } = this.transport;
    const at = slab.offset(slot);
    this.rtp.push(Buffer.from(slab.bytes.subarray(at, at + slab.lengths[slot]!)));
    if (this.keepSlots) this.slots.push(slot);
    else slab.release(slot);
  }

  onRtcp(_peer: PeerIndex, packet: Uint8Array): void {
    this.rtcp.push(Buffer.from(packet));
  }

  onData(_peer: PeerIndex, data: Uint8Array): void {
    this.data.push(Buffer.from(data));
  }

  /** Writes an RTP packet into a slot of the slab, as if it had arrived. */
  fill(packet: Buffer): number {
    const { slab } = this.transport;
    const slot = slab.take();
    packet.copy(slab.bytes, slab.offset(slot));
    slab.lengths[slot] = packet.length;
    return slot;
  }

  /** Sends rows built from columns; those not named are "leave alone". */
  send(...rows: readonly Partial<Record<keyof typeof COLUMN, number>>[]): void {
    const values = new Int32Array(rows.length * ROW);
    rows.forEach((row, i) => {
      const at = i * ROW;
      values.fill(-1, at, at + ROW);
      values[at + COLUMN.peer] = this.index;
      values[at + COLUMN.extensions] = 0;
      values[at + COLUMN.notBefore] = 0;
      values[at + COLUMN.generation] = this.transport.slab.generations[row.slot ?? 0]! | 0;
      for (const [name, value] of Object.entries(row)) values[at + COLUMN[name as keyof typeof COLUMN]] = value | 0;
    });
    this.transport.send({ rows: values, count: rows.length });
  }

  /** Sends `count` little packets of one stream. */
  sendStream(count: number, ssrc = 77, firstSequence = 0): void {
    const slot = this.fill(rtpPacket({ payload: 'stream' }));
    for (let i = 0; i < count; i++) {
      this.send({ slot, payloadType: 96, ssrc, sequence: (firstSequence + i) & 0xffff, timestamp: i * 90 });
    }
    this.transport.slab.release(slot);
  }
}

export function rtpPacket(options: { payload: string | Buffer; marker?: boolean; extension?: string }): Buffer {
  const block = Buffer.from(options.extension ?? '', 'hex');
  const header = Buffer.alloc(12);
  header[0] = block.length > 0 ? 0x90 : 0x80;
  header[1] = (options.marker === true ? 0x80 : 0) | 96;
  header.writeUInt16BE(1000, 2);
  header.writeUInt32BE(2000, 4);
  header.writeUInt32BE(3000, 8);
  return Buffer.concat([header, block, Buffer.from(options.payload)]);
}

export function payloadOf(packet: Buffer): Buffer {
  return packet.subarray(headerLength(packet, 0));
}

/** Two connected peers on two transports. */
export interface Link {
  readonly wire: Wire;
  readonly a: LabPeer;
  readonly b: LabPeer;
}

/** Opens and closes what one test needs; its clock can be moved forward. */
export class Lab {
  readonly #open: OpenTransport;
  readonly #closers: (() => Promise<void> | void)[] = [];
  #offset = 0;

  constructor(open: OpenTransport) {
    this.#open = open;
  }

  /** Lets time pass for every transport of this lab. */
  forward(ms: number): void {
    this.#offset += ms;
  }

  async transport(options: LabOptions = {}): Promise<Transport> {
    const transport = await this.#open({
      port: 0,
      listenAddresses: ['127.0.0.1'],
      announcedAddresses: [],
      workerTag: 'w1',
      slots: 64,
      disconnectedAfterMs: 60_000,
      failedAfterMs: 120_000,
      ...options,
      limits: {
        maxPeers: 100,
        maxUnauthenticatedStunPerSecond: 1000,
        maxHandshakes: 100,
        handshakeTimeoutMs: 60_000,
        ...options.limits,
      },
      clock: () => performance.now() + this.#offset,
    });
    this.#closers.push(() => transport.close());
    return transport;
  }

  async end(transport: Transport): Promise<WireEnd> {
    const end = await WireEnd.open(transport.port);
    this.#closers.push(() => end.close());
    return end;
  }

  async wire(a: Transport, b: Transport): Promise<Wire> {
    const wire = await Wire.open(a.port, b.port);
    this.#closers.push(() => wire.close());
    return wire;
  }

  /** Tells each peer of the other; `roleA` is the DTLS role of `a`. */
  introduce(a: LabPeer, b: LabPeer, roleA: DtlsRole = 'server'): void {
    setRemote(a, b, roleA);
    setRemote(b, a, roleA === 'server' ? 'client' : 'server');
  }

  /** Two transports, connected over a wire. */
  async link(options: LabOptions = {}, roleA: DtlsRole = 'server', prepare?: (wire: Wire) => void): Promise<Link> {
    const [first, second] = [await this.transport(options), await this.transport(options)];
    const wire = await this.wire(first, second);
    prepare?.(wire);
    const [a, b] = [new LabPeer(first), new LabPeer(second)];
    this.introduce(a, b, roleA);
    await wire.a.check(first.localIce(a.index));
    await wire.b.check(second.localIce(b.index));
    await until(() => a.state === 'connected' && b.state === 'connected', 'the connection');
    return { wire, a, b };
  }

  async close(): Promise<void> {
    for (const close of this.#closers.splice(0).reverse()) await close();
  }
}

/** Tells `peer` about the other end. */
export function setRemote(peer: LabPeer, other: LabPeer, role: DtlsRole): void {
  peer.transport.setRemote(peer.index, {
    ice: other.transport.localIce(other.index),
    fingerprints: [other.transport.fingerprint],
    role,
  });
}
