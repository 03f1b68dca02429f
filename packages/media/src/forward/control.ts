import type { PeerIndex } from '../transport/types.ts';
import type { ForwarderContext } from './context.ts';
import type { PeerRecord } from './peer.ts';
import { type RtcpVisitor, readRtcp } from './rtcp-reader.ts';
import { ntpFraction, ntpMiddle, ntpSeconds } from './sender-clock.ts';

/** What peers report: publishers' clocks and goodbyes, viewers' losses and requests. */
export class Control implements RtcpVisitor {
  readonly #context: ForwarderContext;
  #peer: PeerRecord | undefined;
  #now = 0;

  constructor(context: ForwarderContext) {
    this.#context = context;
  }

  handle(index: PeerIndex, packet: Uint8Array, now: number): void {
    this.#peer = this.#context.peers[index];
    if (this.#peer === undefined) return;
    this.#now = now;
    readRtcp(packet, this);
    this.#context.out.flush();
    this.#peer = undefined;
  }

  onSenderReport(ssrc: number, ntpHigh: number, ntpLow: number, timestamp: number): void {
    const stream = this.#peer?.streams.get(ssrc);
    if (stream !== undefined && !stream.repair) stream.layer.clock.set(ntpHigh, ntpLow, timestamp, this.#now);
  }

  onReportBlock(
    ssrc: number,
    _fraction: number,
    lost: number,
    highest: number,
    jitter: number,
    lastReport: number,
    delay: number,
  ): void {
    const peer = this.#peer;
    const downlink = peer?.downlinksBySsrc.get(ssrc);
    if (peer === undefined || downlink === undefined) return;
    downlink.viewer.add(lost, highest, jitter);
    const roundTrip = downlink.reports.roundTrip(lastReport, delay, this.#now);
    if (roundTrip === -1) return;
    downlink.viewer.measuredRtt(roundTrip);
    peer.measuredRtt(roundTrip);
  }

  onNack(ssrc: number, sequence: number, following: number): void {
    const downlink = this.#peer?.downlinksBySsrc.get(ssrc);
    if (downlink === undefined) return;
    downlink.nacks++;
    downlink.resend(sequence, this.#now);
    for (let bit = 0; bit < 16; bit++) {
      if ((following & (1 << bit)) !== 0) downlink.resend((sequence + 1 + bit) & 0xffff, this.#now);
    }
  }

  onKeyframeRequest(ssrc: number): void {
    const downlink = this.#peer?.downlinksBySsrc.get(ssrc);
    if (downlink === undefined || downlink.paused) return;
    downlink.plis++;
    const layer = downlink.uplink.layers[downlink.anchored ? downlink.current : downlink.target];
    if (layer !== undefined) this.#context.requestKeyframe(downlink.uplink, layer);
  }

  onBye(ssrc: number): void {
    const stream = this.#peer?.streams.get(ssrc);
    if (stream !== undefined && !stream.repair) stream.uplink.stop(stream.layer);
  }

  onDelay(lastReference: number, delay: number): void {
    if (lastReference === 0) return;
    const middle = ntpMiddle(ntpSeconds(this.#now), ntpFraction(this.#now));
    this.#peer?.measuredRtt((((middle - lastReference - delay) | 0) * 1000) / 65_536);
  }
}
