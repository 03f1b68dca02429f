import type { RemoteInfo, Socket } from 'node:dgram';
import type { Peer } from './peer.ts';
import { bindingError, bindingSuccess, isStun, parseStun, STUN_BINDING_REQUEST, verifyIntegrity } from './stun.ts';
import { StunBudget } from './stun-budget.ts';
import type { IceParameters, TransportStats } from './types.ts';

/** A connectivity check that proved to know a peer's password, and was answered. */
export interface AuthenticCheck {
  readonly peer: Peer;
  /** Which of the peer's credentials it used: the current ones, or those of a restart. */
  readonly ice: IceParameters;
  readonly nominated: boolean;
}

/** The responding side of ICE-lite (RFC 8445 §7.3): answers authentic checks and is silent to everything else. */
export class StunResponder {
  readonly #byUfrag: ReadonlyMap<string, Peer>;
  readonly #budget: StunBudget;
  readonly #dropped: TransportStats['dropped'];
  #since = 0;

  constructor(byUfrag: ReadonlyMap<string, Peer>, perSecond: number, dropped: TransportStats['dropped']) {
    this.#byUfrag = byUfrag;
    this.#budget = new StunBudget(perSecond);
    this.#dropped = dropped;
  }

  /** @param validated whether the address proved itself before: its requests are not held against it. */
  receive(socket: Socket, data: Buffer, remote: RemoteInfo, validated: boolean): AuthenticCheck | null {
    if (!validated && !this.#budget.allows(remote.address)) {
      this.#dropped.unknownAddress++;
      return null;
    }
    const message = isStun(data) ? parseStun(data) : null;
    if (message === null) {
      this.#dropped.malformed++;
      return null;
    }
    // We send no checks, so that there is no response of interest; indications keep bindings alive and no more.
    if (message.type !== STUN_BINDING_REQUEST) return null;
    const ufrag = message.username?.split(':', 1)[0] ?? '';
    const peer = this.#byUfrag.get(ufrag);
    const ice = peer?.pending?.usernameFragment === ufrag ? peer.pending : peer?.local;
    // Not charged: it costs us no more than reading it, and the checks of a peer that has just gone, or packets with a forged
    // source, must not shut out whoever else has this address.
    if (peer === undefined || ice === undefined) {
      this.#dropped.authentication++;
      return null;
    }
    if (!verifyIntegrity(data, message, ice.password)) {
      this.#budget.charge(remote.address);
      this.#dropped.authentication++;
      return null;
    }
    if (message.unknown.length > 0) {
      socket.send(bindingError(message, 420, 'Unknown Attribute', ice.password), remote.port, remote.address);
      return null;
    }
    // A lite agent is always controlled (RFC 8445 §6.1.1): the other end must take the controlling role.
    if (message.role === 'controlled') {
      socket.send(bindingError(message, 487, 'Role Conflict', ice.password), remote.port, remote.address);
      return null;
    }
    socket.send(bindingSuccess(message, remote.address, remote.port, ice.password), remote.port, remote.address);
    return { peer, ice, nominated: message.useCandidate };
  }

  tick(now: number): void {
    if (now - this.#since < 1000) return;
    this.#budget.reset();
    this.#since = now;
  }
}
