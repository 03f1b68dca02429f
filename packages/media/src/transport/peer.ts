import { randomInt } from 'node:crypto';
import type { DtlsAssociation } from './dtls.ts';
import { isClientHello } from './dtls-records.ts';
import type { Path } from './paths.ts';
import type { SrtpContext } from './srtp.ts';
import type { IceParameters, PeerIndex, PeerSink, PeerState, RemoteParameters } from './types.ts';

const ICE_CHARS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
/** RFC 8445 §5.3 asks for 24 and 128 bits; these have 47 and 142. */
const UFRAG_RANDOM = 8;
const PASSWORD = 24;
/** Pairs of a browser with every interface on both sides fit; the idlest goes when more come. */
const MAX_PATHS = 16;
/** Datagrams of a handshake that began before `setRemote`. */
const MAX_EARLY = 8;
/** A nominated path that went silent gives way to one that speaks. */
const STALE_PATH_MS = 5000;

/** Fresh credentials; the ufrag begins with the worker's tag. */
export function createIceParameters(workerTag: string): IceParameters {
  return { usernameFragment: workerTag + randomText(UFRAG_RANDOM), password: randomText(PASSWORD) };
}

function randomText(length: number): string {
  let text = '';
  for (let i = 0; i < length; i++) text += ICE_CHARS[randomInt(ICE_CHARS.length)];
  return text;
}

/** What the transport knows of one peer. Its sockets and clocks live in the transport. */
export class Peer {
  readonly index: PeerIndex;
  readonly sink: PeerSink;
  state: PeerState = 'new';
  local: IceParameters;
  /** Made by an ICE restart, not used by the other end yet. */
  pending: IceParameters | null = null;
  remote: RemoteParameters | null = null;
  dtls: DtlsAssociation | null = null;
  srtp: SrtpContext | null = null;
  /** Where packets are sent to. */
  selected: Path | null = null;
  readonly paths: Path[] = [];
  /** Monotonic ms of the last authentic packet. */
  lastValid = 0;
  /** Monotonic ms of `setRemote`, and of the handshake's start. */
  remoteSince = 0;
  handshakeSince = 0;
  /** The handshake failed or the other end closed: nothing brings this peer back. */
  ended = false;
  early: Buffer[] = [];

  constructor(index: PeerIndex, sink: PeerSink, local: IceParameters) {
    this.index = index;
    this.sink = sink;
    this.local = local;
  }

  /** Whether media may flow. `disconnected` still sends: the other end may hear us. */
  get sends(): boolean {
    return this.state === 'connected' || this.state === 'disconnected';
  }

  /** Keeps a datagram for the association that `setRemote` will make. A repeated ClientHello replaces the first. */
  keepEarly(datagram: Buffer): void {
    if (isClientHello(datagram)) this.early = this.early.filter((kept) => !isClientHello(kept));
    if (this.early.length < MAX_EARLY) this.early.push(datagram);
  }

  /** Removes the idlest path when there are too many. */
  makeRoom(): void {
    if (this.paths.length < MAX_PATHS) return;
    let idlest: Path | null = null;
    for (const path of this.paths) {
      if (path !== this.selected && (idlest === null || path.lastSeen < idlest.lastSeen)) idlest = path;
    }
    if (idlest !== null) this.dropPath(idlest);
  }

  dropPath(path: Path): void {
    path.table.remove(path);
    const at = this.paths.indexOf(path);
    if (at >= 0) this.paths.splice(at, 1);
    if (this.selected === path) this.selected = this.#liveliest();
  }

  dropAllPaths(): void {
    for (const path of this.paths) path.table.remove(path);
    this.paths.length = 0;
    this.selected = null;
  }

  /** Leaves a silent nominated path for one that was heard lately. */
  followLiveliest(now: number): void {
    const selected = this.selected;
    if (selected === null || now - selected.lastSeen < STALE_PATH_MS) return;
    const best = this.#liveliest();
    if (best !== null && now - best.lastSeen < STALE_PATH_MS) this.selected = best;
  }

  #liveliest(): Path | null {
    let best: Path | null = null;
    for (const path of this.paths) if (best === null || path.lastSeen > best.lastSeen) best = path;
    return best;
  }
}

/** Whether two descriptions are of one DTLS association: same certificates, same role. */
export function sameIdentity(a: RemoteParameters, b: RemoteParameters): boolean {
  const key = (remote: RemoteParameters) =>
    remote.fingerprints
      .map(({ algorithm, value }) => `${algorithm} ${value}`.toLowerCase())
      .sort()
      .join();
  return a.role === b.role && key(a) === key(b);
}
