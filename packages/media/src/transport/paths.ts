import type { RemoteInfo, Socket } from 'node:dgram';
import type { Peer } from './peer.ts';

/** A 5-tuple that ICE validated for one peer. */
export interface Path {
  readonly socket: Socket;
  readonly table: PathTable;
  readonly address: string;
  readonly port: number;
  peer: Peer;
  /** Monotonic ms of the last authentic packet. */
  lastSeen: number;
  /** Next path with the same remote port. */
  next: Path | null;
}

/**
 * Paths of one local socket, found by remote port and then address. A packet costs one look-up by number and one
 * comparison of short strings; most come from the address seen last.
 */
export class PathTable {
  readonly socket: Socket;
  readonly #byPort = new Map<number, Path>();
  #last: Path | null = null;

  constructor(socket: Socket) {
    this.socket = socket;
  }

  find(remote: RemoteInfo): Path | null {
    const last = this.#last;
    if (last !== null && last.port === remote.port && last.address === remote.address) return last;
    let path = this.#byPort.get(remote.port) ?? null;
    while (path !== null && path.address !== remote.address) path = path.next;
    if (path !== null) this.#last = path;
    return path;
  }

  add(peer: Peer, remote: RemoteInfo, now: number): Path {
    const path: Path = {
      socket: this.socket,
      table: this,
      address: remote.address,
      port: remote.port,
      peer,
      lastSeen: now,
      next: this.#byPort.get(remote.port) ?? null,
    };
    this.#byPort.set(remote.port, path);
    return path;
  }

  remove(path: Path): void {
    if (this.#last === path) this.#last = null;
    const first = this.#byPort.get(path.port);
    if (first === path) {
      if (path.next === null) this.#byPort.delete(path.port);
      else this.#byPort.set(path.port, path.next);
      return;
    }
    for (let p = first; p !== undefined && p !== null; p = p.next ?? undefined) {
      if (p.next === path) {
        p.next = path.next;
        return;
      }
    }
  }
}
