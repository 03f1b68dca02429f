import type { RemoteInfo } from 'node:dgram';
import { hostCandidates, parseAddresses, usefulAddresses } from './addresses.ts';
import { DtlsAssociation } from './dtls.ts';
import { createCertificate, type DtlsCertificate } from './dtls-certificate.ts';
import { warmUp } from './dtls-warmup.ts';
import { type CompiledExtensions, compileExtensions, NO_EXTENSIONS } from './extensions.ts';
import { type Path, PathTable } from './paths.ts';
import { createIceParameters, Peer, sameIdentity } from './peer.ts';
import { absSendTime, writeRow } from './row-writer.ts';
import { PacketSlab, SLOT_BYTES, SLOT_HEADROOM } from './slab.ts';
import { type BoundSocket, bindAll } from './sockets.ts';
import { SRTP_FORGED, SRTP_REPLAY } from './srtp.ts';
import { MAX_PACKET, ScratchBuffer } from './srtp-buffers.ts';
import { type AuthenticCheck, StunResponder } from './stun-responder.ts';
import {
  COLUMN,
  type DtlsFingerprint,
  type ExtensionMap,
  type IceParameters,
  type PeerIndex,
  type PeerSink,
  type PeerState,
  type RemoteParameters,
  ROW,
  type SendBatch,
  type Transport,
  type TransportCandidate,
  type TransportOptions,
  type TransportStats,
} from './types.ts';

const TICK_MS = 250;
const SLOT_ROOM = SLOT_BYTES - SLOT_HEADROOM;
/** Datagrams that may wait in one socket when the kernel's buffer is full; later ones are lost, as on a full link. */
const MAX_QUEUED_SENDS = 1024;

/**
 * The transport in TypeScript. Throws when no address can be bound (`EADDRINUSE`, `EACCES`, …) or an option is wrong.
 */
export async function createTransport(options: TransportOptions): Promise<Transport> {
  if (!/^[A-Za-z0-9+/]{1,4}$/.test(options.workerTag)) throw new Error('workerTag must be 1–4 ice-chars');
  const asked = parseAddresses(options.listenAddresses);
  const announced = parseAddresses(options.announcedAddresses);
  const certificate = await createCertificate();
  const bound = await bindAll(asked.length > 0 ? asked : usefulAddresses(), options.port, asked.length > 0);
  const port = bound[0]!.socket.address().port;
  warmUp(certificate);
  const candidates = hostCandidates([...announced, ...bound.map(({ local }) => local)], port);
  return new UdpTransport(options, bound, certificate, candidates, port);
}

class UdpTransport implements Transport {
  readonly slab: PacketSlab;
  readonly port: number;
  readonly fingerprint: DtlsFingerprint;
  readonly #options: TransportOptions;
  readonly #certificate: DtlsCertificate;
  readonly #candidates: readonly TransportCandidate[];
  readonly #bound: readonly BoundSocket[];
  readonly #peers: (Peer | null)[] = [];
  readonly #freeIndices: PeerIndex[] = [];
  readonly #byUfrag = new Map<string, Peer>();
  readonly #extensions: (CompiledExtensions | null)[] = [];
  readonly #freeExtensions: number[] = [];
  readonly #responder: StunResponder;
  readonly #timer: NodeJS.Timeout;
  readonly #sendBuffer = new ScratchBuffer(MAX_PACKET);
  readonly #rtcpBuffer = new ScratchBuffer(MAX_PACKET);
  readonly #stats: TransportStats = {
    packetsIn: 0,
    packetsOut: 0,
    bytesIn: 0,
    bytesOut: 0,
    dropped: { unknownAddress: 0, authentication: 0, replay: 0, malformed: 0, noSlot: 0 },
  };
  #peerCount = 0;
  #handshakes = 0;
  #closed = false;

  constructor(
    options: TransportOptions,
    bound: readonly BoundSocket[],
    certificate: DtlsCertificate,
    candidates: readonly TransportCandidate[],
    port: number,
  ) {
    this.#options = options;
    this.#bound = bound;
    this.#certificate = certificate;
    this.#candidates = candidates;
    this.port = port;
    this.fingerprint = certificate.fingerprint;
    this.slab = new PacketSlab(options.slots);
    const perSecond = options.limits.maxUnauthenticatedStunPerSecond;
    this.#responder = new StunResponder(this.#byUfrag, perSecond, this.#stats.dropped);
    // Index 0 of the extension table stands for "none", so that a fresh row is valid.
    this.#extensions.push(NO_EXTENSIONS);
    for (const { socket } of bound) {
      const table = new PathTable(socket);
      socket.on('message', (data, remote) => {
        this.#receive(table, data, remote);
      });
    }
    this.#timer = setInterval(() => {
      this.#tick();
    }, TICK_MS);
  }

  candidates(): readonly TransportCandidate[] {
    return this.#candidates;
  }

  createPeer(sink: PeerSink): PeerIndex {
    if (this.#closed) throw new Error('The transport is closed');
    if (this.#peerCount >= this.#options.limits.maxPeers) throw new Error('Too many peers');
    const index = this.#freeIndices.pop() ?? this.#peers.length;
    const peer = new Peer(index, sink, this.#freshIce());
    this.#peers[index] = peer;
    this.#byUfrag.set(peer.local.usernameFragment, peer);
    this.#peerCount++;
    return index;
  }

  localIce(index: PeerIndex): IceParameters {
    const peer = this.#peer(index);
    return peer.pending ?? peer.local;
  }

  restartIce(index: PeerIndex): IceParameters {
    const peer = this.#peer(index);
    if (peer.pending !== null) this.#byUfrag.delete(peer.pending.usernameFragment);
    peer.pending = this.#freshIce();
    this.#byUfrag.set(peer.pending.usernameFragment, peer);
    return peer.pending;
  }

  setRemote(index: PeerIndex, remote: RemoteParameters): void {
    const peer = this.#peer(index);
    if (peer.dtls !== null && peer.remote !== null && !sameIdentity(peer.remote, remote)) {
      throw new Error('Fingerprints and DTLS role cannot change during an association');
    }
    peer.remote = remote;
    peer.remoteSince = this.#options.clock();
    this.#startHandshake(peer);
  }

  state(index: PeerIndex): PeerState {
    return this.#peers[index]?.state ?? 'closed';
  }

  defineExtensions(_peer: PeerIndex, map: ExtensionMap): number {
    const compiled = compileExtensions(map);
    const index = this.#freeExtensions.pop() ?? this.#extensions.length;
    this.#extensions[index] = compiled;
    return index;
  }

  releaseExtensions(index: number): void {
    if (index === 0 || this.#extensions[index] === undefined || this.#extensions[index] === null) return;
    this.#extensions[index] = null;
    this.#freeExtensions.push(index);
  }

  send(batch: SendBatch): void {
    const { rows, count } = batch;
    const slab = this.slab;
    const sendTime = absSendTime(this.#options.clock());
    for (let i = 0, at = 0; i < count; i++, at += ROW) {
      const peer = this.#peers[rows[at + COLUMN.peer]!];
      if (peer === undefined || peer === null || !peer.sends) continue;
      const srtp = peer.srtp;
      const path = peer.selected;
      if (srtp === null || path === null) continue;
      if (slab.generations[rows[at + COLUMN.slot]!]! >>> 0 !== rows[at + COLUMN.generation]! >>> 0) continue;
      const extensions = this.#extensions[rows[at + COLUMN.extensions]!] ?? NO_EXTENSIONS;
      const size = writeRow(rows, at, slab, extensions, srtp, sendTime, this.#sendBuffer);
      if (size > 0) this.#transmit(path, this.#sendBuffer.view(size));
    }
  }

  sendRtcp(index: PeerIndex, packet: Uint8Array): void {
    const peer = this.#peers[index];
    if (peer === undefined || peer === null || !peer.sends || peer.srtp === null || peer.selected === null) return;
    const size = peer.srtp.protectRtcp(packet, this.#sendBuffer.bytes);
    if (size > 0) this.#transmit(peer.selected, this.#sendBuffer.view(size));
  }

  sendData(index: PeerIndex, data: Uint8Array): void {
    const peer = this.#peers[index];
    if (peer?.sends === true) peer.dtls?.send(data);
  }

  closePeer(index: PeerIndex): void {
    const peer = this.#peers[index];
    if (peer === undefined || peer === null) return;
    this.#endHandshake(peer);
    peer.dtls?.close();
    peer.dtls = null;
    peer.srtp = null;
    peer.state = 'closed';
    peer.dropAllPaths();
    this.#byUfrag.delete(peer.local.usernameFragment);
    if (peer.pending !== null) this.#byUfrag.delete(peer.pending.usernameFragment);
    this.#peers[index] = null;
    this.#freeIndices.push(index);
    this.#peerCount--;
  }

  stats(): TransportStats {
    return { ...this.#stats, dropped: { ...this.#stats.dropped } };
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    clearInterval(this.#timer);
    for (const peer of this.#peers) if (peer !== null) this.closePeer(peer.index);
    await Promise.all(this.#bound.map(({ socket }) => new Promise<void>((done) => socket.close(() => done()))));
  }

  /** Sorts datagrams by their first byte (RFC 7983). */
  #receive(table: PathTable, data: Buffer, remote: RemoteInfo): void {
    const stats = this.#stats;
    stats.packetsIn++;
    stats.bytesIn += data.length;
    // From port 0 nobody wants an answer (RFC 768), and sending one there throws.
    const first = data.length > 0 && remote.port !== 0 ? data[0]! : 255;
    const path = table.find(remote);
    if (first < 4) {
      const check = this.#responder.receive(table.socket, data, remote, path !== null);
      if (check !== null) this.#checked(table, path, remote, check);
      return;
    }
    if (path === null) {
      stats.dropped.unknownAddress++;
      return;
    }
    const peer = path.peer;
    try {
      if (first >= 128 && first < 192) this.#receiveMedia(peer, path, data);
      else if (first >= 20 && first < 64) this.#receiveDtls(peer, path, data);
      else stats.dropped.malformed++;
    } catch (error) {
      // Whatever a packet managed to break is its own peer's.
      this.#fail(peer, `internal: ${error instanceof Error ? error.message : 'unknown'}`);
    }
  }

  #receiveMedia(peer: Peer, path: Path, data: Buffer): void {
    const dropped = this.#stats.dropped;
    const srtp = peer.srtp;
    if (srtp === null || data.length < 8) {
      dropped.malformed++;
      return;
    }
    const now = this.#options.clock();
    // RTCP packet types 192–223 (RFC 5761 §4).
    if (data[1]! >= 192 && data[1]! < 224) {
      const size = srtp.unprotectRtcp(data, this.#rtcpBuffer.bytes);
      if (size < 0) this.#countDrop(size);
      else {
        this.#heard(peer, path, now);
        peer.sink.onRtcp(peer.index, this.#rtcpBuffer.view(size), now);
      }
      return;
    }
    const slab = this.slab;
    const slot = slab.take();
    if (slot < 0) {
      dropped.noSlot++;
      return;
    }
    const size = srtp.unprotectRtp(data, slab.bytes, slab.offset(slot), SLOT_ROOM);
    if (size < 0) {
      slab.release(slot);
      this.#countDrop(size);
      return;
    }
    slab.lengths[slot] = size;
    this.#heard(peer, path, now);
    peer.sink.onRtp(peer.index, slot, now);
  }

  #receiveDtls(peer: Peer, path: Path, data: Buffer): void {
    if (peer.ended) return;
    if (peer.dtls === null) {
      peer.keepEarly(data);
      this.#startHandshake(peer);
      return;
    }
    if (peer.selected === null) peer.selected = path;
    peer.dtls.receive(data);
  }

  /** A connectivity check succeeded. */
  #checked(table: PathTable, known: Path | null, remote: RemoteInfo, check: AuthenticCheck): void {
    const { peer, ice, nominated } = check;
    if (peer.ended) return;
    const now = this.#options.clock();
    const restarted = ice === peer.pending;
    if (restarted) {
      this.#byUfrag.delete(peer.local.usernameFragment);
      peer.local = ice;
      peer.pending = null;
    } else if (peer.state === 'failed') return;
    let path = known;
    if (path !== null && path.peer !== peer) {
      // The address was used by another peer before (a page loaded anew): the newer proof wins.
      path.peer.dropPath(path);
      path = null;
    }
    if (path === null) {
      peer.makeRoom();
      path = table.add(peer, remote, now);
      peer.paths.push(path);
    }
    if (nominated || restarted || peer.selected === null) peer.selected = path;
    if (peer.state === 'new') this.#setState(peer, 'checking');
    else if (peer.state === 'failed') this.#setState(peer, peer.dtls?.connected === true ? 'connected' : 'checking');
    this.#heard(peer, path, now);
    this.#startHandshake(peer);
  }

  #startHandshake(peer: Peer): void {
    const remote = peer.remote;
    if (remote === null || peer.dtls !== null || peer.ended || peer.selected === null) return;
    // The tick tries again; a client repeats its hello meanwhile.
    if (this.#handshakes >= this.#options.limits.maxHandshakes) return;
    this.#handshakes++;
    peer.handshakeSince = this.#options.clock();
    const dtls = new DtlsAssociation({
      role: remote.role,
      certificate: this.#certificate,
      fingerprints: remote.fingerprints,
      send: (datagram) => {
        if (peer.selected !== null) this.#transmitOwned(peer.selected, datagram);
      },
      onConnected: (srtp) => {
        this.#endHandshake(peer);
        peer.srtp = srtp;
        peer.lastValid = this.#options.clock();
        this.#setState(peer, 'connected');
      },
      onData: (data) => {
        if (peer.selected !== null) this.#heard(peer, peer.selected, this.#options.clock());
        peer.sink.onData(peer.index, data);
      },
      onEnded: (reason) => {
        this.#fail(peer, reason);
      },
    });
    peer.dtls = dtls;
    dtls.start();
    const early = peer.early;
    peer.early = [];
    try {
      for (const datagram of early) dtls.receive(datagram);
    } catch (error) {
      // This runs in timers and in others' calls, too.
      this.#fail(peer, `internal: ${error instanceof Error ? error.message : 'unknown'}`);
    }
  }

  /** The handshake of this peer is over, one way or the other. */
  #endHandshake(peer: Peer): void {
    if (peer.handshakeSince === 0) return;
    peer.handshakeSince = 0;
    this.#handshakes--;
  }

  /** Ends a peer for good; only its owner can close it then. */
  #fail(peer: Peer, reason: string): void {
    if (peer.ended || peer.state === 'closed') return;
    peer.ended = true;
    this.#endHandshake(peer);
    peer.dtls?.close();
    peer.srtp = null;
    peer.early = [];
    peer.dropAllPaths();
    this.#setState(peer, 'failed', reason);
  }

  #heard(peer: Peer, path: Path, now: number): void {
    peer.lastValid = now;
    path.lastSeen = now;
    if (peer.state === 'disconnected') this.#setState(peer, 'connected');
  }

  #setState(peer: Peer, state: PeerState, reason?: string): void {
    if (peer.state === state) return;
    peer.state = state;
    peer.sink.onState(peer.index, state, reason);
  }

  #tick(): void {
    const now = this.#options.clock();
    this.#responder.tick(now);
    for (const peer of this.#peers) if (peer !== null && !peer.ended) this.#watch(peer, now);
  }

  #watch(peer: Peer, now: number): void {
    const { disconnectedAfterMs, failedAfterMs, limits } = this.#options;
    if (peer.handshakeSince > 0 && now - peer.handshakeSince > limits.handshakeTimeoutMs) {
      this.#fail(peer, 'handshake timed out');
      return;
    }
    this.#startHandshake(peer);
    peer.followLiveliest(now);
    if (peer.state === 'new' || peer.state === 'checking') {
      const silentSince = Math.max(peer.remoteSince, peer.lastValid);
      if (peer.remote !== null && now - silentSince > failedAfterMs) this.#setState(peer, 'failed', 'no connectivity');
      return;
    }
    const silence = now - peer.lastValid;
    if (peer.state === 'connected' && silence > disconnectedAfterMs) this.#setState(peer, 'disconnected');
    if (peer.state === 'disconnected' && silence > failedAfterMs) this.#setState(peer, 'failed', 'silent');
  }

  /** Sends from a buffer that is used again: it must have left, or be copied, when this returns. */
  #transmit(path: Path, view: Buffer): void {
    if (path.socket.getSendQueueCount() === 0) this.#transmitOwned(path, view);
    else if (path.socket.getSendQueueCount() < MAX_QUEUED_SENDS) this.#transmitOwned(path, Buffer.from(view));
  }

  #transmitOwned(path: Path, datagram: Buffer): void {
    this.#stats.packetsOut++;
    this.#stats.bytesOut += datagram.length;
    path.socket.send(datagram, path.port, path.address);
  }

  #countDrop(reason: number): void {
    const dropped = this.#stats.dropped;
    if (reason === SRTP_FORGED) dropped.authentication++;
    else if (reason === SRTP_REPLAY) dropped.replay++;
    else dropped.malformed++;
  }

  #freshIce(): IceParameters {
    for (;;) {
      const ice = createIceParameters(this.#options.workerTag);
      if (!this.#byUfrag.has(ice.usernameFragment)) return ice;
    }
  }

  #peer(index: PeerIndex): Peer {
    const peer = this.#peers[index];
    if (peer === undefined || peer === null) throw new Error(`No peer ${index}`);
    return peer;
  }
}
