import type { PeerIndex } from '../transport/types.ts';
import { ForwarderContext, type ForwarderOptions } from './context.ts';
import { Control } from './control.ts';
import { DownlinkState } from './downlink.ts';
import { mapExtensions } from './extension-map.ts';
import { Ingress } from './ingress.ts';
import { Periodic } from './periodic.ts';
import type { Downlink, DownlinkOptions, Forwarder, Uplink, UplinkOptions } from './types.ts';
import { UplinkState } from './uplink.ts';

export type { ForwarderOptions } from './context.ts';

/** Makes the forwarder of one engine worker over its transport. */
export function createForwarder(options: ForwarderOptions): Forwarder {
  return new PacketForwarder(options);
}

class PacketForwarder implements Forwarder {
  readonly #context: ForwarderContext;
  readonly #ingress: Ingress;
  readonly #control: Control;
  readonly #periodic: Periodic;
  #nextId = 1;

  constructor(options: ForwarderOptions) {
    this.#context = new ForwarderContext(options);
    this.#ingress = new Ingress(this.#context);
    this.#control = new Control(this.#context);
    this.#periodic = new Periodic(this.#context);
  }

  createUplink(options: UplinkOptions): Uplink {
    const peer = this.#context.peer(options.peer);
    const uplink = new UplinkState(this.#nextId++, peer, options, this.#context);
    this.#context.uplinks.set(uplink.id, uplink);
    peer.uplinks.push(uplink);
    this.#context.announce(uplink);
    return uplink;
  }

  /** @throws Error when the uplink is closed or another forwarder's, or the peer uses the SSRC already. */
  createDownlink(options: DownlinkOptions): Downlink {
    const uplink = this.#context.uplinks.get(options.uplink.id);
    if (uplink === undefined || uplink !== options.uplink)
      throw new Error('The uplink is closed or not of this forwarder.');
    const peer = this.#context.peer(options.peer);
    this.#context.refreshConnection(peer);
    if (peer.downlinksBySsrc.has(options.ssrc | 0)) throw new Error('The SSRC is in use on this peer.');
    const layered = uplink.layers.length > 1;
    const map = mapExtensions(options.uplinkExtensions, options.extensions, options.mid, layered);
    const extensions = this.#context.transport.defineExtensions(options.peer, map);
    const downlink = new DownlinkState(this.#nextId++, uplink, peer, options, extensions, this.#context);
    uplink.downlinks.push(downlink);
    peer.downlinks.push(downlink);
    peer.downlinksBySsrc.set(downlink.ssrc, downlink);
    return downlink;
  }

  handleRtp(peer: PeerIndex, slot: number, now: number): void {
    this.#ingress.handle(peer, slot, now);
  }

  handleRtcp(peer: PeerIndex, packet: Uint8Array, now: number): void {
    this.#control.handle(peer, packet, now);
  }

  tick(now: number): void {
    this.#periodic.tick(now);
  }

  closePeer(index: PeerIndex): void {
    const peer = this.#context.peers[index];
    if (peer === undefined) return;
    peer.closing = true;
    for (const uplink of [...peer.uplinks]) uplink.close();
    for (const downlink of [...peer.downlinks]) downlink.close();
    this.#context.peers[index] = undefined;
  }
}
