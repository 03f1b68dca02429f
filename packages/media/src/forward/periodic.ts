import { FEEDBACK_INTERVAL_MS, MIN_HISTORY_PACKETS, REPORT_INTERVAL_MS, REVIEW_INTERVAL_MS } from './constants.ts';
import type { ForwarderContext } from './context.ts';
import { lowWater } from './layer.ts';
import type { PeerRecord } from './peer.ts';
import { RTCP } from './rtcp-writer.ts';
import { ntpFraction, ntpMiddle, ntpSeconds } from './sender-clock.ts';

const SENDER_REPORT_BYTES = 64;
const REPORT_BLOCK_BYTES = 24;
const REFERENCE_TIME_BYTES = 20;
const MAX_REPORT_BLOCKS = 31;
const SHED_PER_REVIEW = 64;

/** The forwarder's periodic work: repeated NACKs and PLIs, feedback, reports and layer choice. */
export class Periodic {
  readonly #context: ForwarderContext;
  readonly #lowWater: number;
  #nextReviewAt = 0;

  constructor(context: ForwarderContext) {
    this.#context = context;
    this.#lowWater = lowWater(context.slab);
  }

  tick(now: number): void {
    const review = now >= this.#nextReviewAt;
    if (review) this.#nextReviewAt = now + REVIEW_INTERVAL_MS;
    for (const uplink of this.#context.uplinks.values()) {
      for (const layer of uplink.layers) {
        if (layer.nacks.size > 0) this.#context.sendNacks(uplink, layer, now);
        if (layer.keyframes.wanted && layer.active(now)) this.#context.sendKeyframeRequest(uplink, layer, now);
      }
      if (!review) continue;
      uplink.review(now);
      // Packets may be dropped for want of slots before they reach us: what is kept must shrink without them, too.
      if (this.#context.slab.available < this.#lowWater) {
        for (const layer of uplink.layers) layer.history.shed(SHED_PER_REVIEW, MIN_HISTORY_PACKETS);
      }
      for (const downlink of uplink.downlinks) downlink.retarget();
    }
    for (const peer of this.#context.peers) {
      if (peer === undefined) continue;
      this.#context.refreshConnection(peer);
      if (now >= peer.nextFeedbackAt && peer.arrivals.pending) this.#sendFeedback(peer, now);
      if (!review) continue;
      if (now >= peer.nextReportAt) this.#sendReceiverReport(peer, now);
      this.#sendSenderReports(peer, now);
    }
  }

  #sendFeedback(peer: PeerRecord, now: number): void {
    peer.nextFeedbackAt = now + FEEDBACK_INTERVAL_MS;
    // Chromium listens to feedback only on an SSRC of its own; before any is known there is nobody to tell.
    if (peer.mediaSsrc === 0) return;
    const { writer } = this.#context;
    while (peer.arrivals.write(writer, this.#context.ownSsrc, peer.mediaSsrc)) this.#context.flushRtcp(peer);
  }

  /** RFC 3550 section 6.4.2, with a reference time (RFC 3611 section 4.4) whose answer tells the round trip. */
  #sendReceiverReport(peer: PeerRecord, now: number): void {
    peer.nextReportAt = now + REPORT_INTERVAL_MS * (0.5 + this.#context.random());
    const { writer } = this.#context;
    const at = writer.begin(0, RTCP.receiverReport);
    writer.uint32(this.#context.ownSsrc);
    let blocks = 0;
    for (const uplink of peer.uplinks) {
      for (const layer of uplink.layers) {
        if (!layer.bound || !layer.reception.started || blocks === MAX_REPORT_BLOCKS) continue;
        if (!writer.room(REPORT_BLOCK_BYTES + REFERENCE_TIME_BYTES)) continue;
        const { reception, clock } = layer;
        writer.uint32(layer.ssrc);
        const lost = Math.min(reception.lost, 0x7fffff);
        writer.uint32((reception.takeFraction() << 24) | lost);
        writer.uint32(reception.reportedHighest);
        writer.uint32(reception.jitter);
        writer.uint32(clock.valid ? ntpMiddle(clock.ntpHigh, clock.ntpLow) : 0);
        writer.uint32(clock.valid ? Math.round(((now - clock.receivedAt) * 65_536) / 1000) : 0);
        blocks++;
      }
    }
    if (blocks === 0) {
      writer.reset();
      return;
    }
    writer.setCount(at, blocks);
    writer.end(at);
    writer.referenceTime(this.#context.ownSsrc, ntpSeconds(now), ntpFraction(now));
    this.#context.flushRtcp(peer);
  }

  #sendSenderReports(peer: PeerRecord, now: number): void {
    const { writer } = this.#context;
    for (const downlink of peer.downlinks) {
      const { source, reports } = downlink;
      if (source === null || !source.clock.valid || now < reports.dueAt) continue;
      reports.dueAt = now + REPORT_INTERVAL_MS * (0.5 + this.#context.random());
      if (!writer.room(SENDER_REPORT_BYTES)) this.#context.flushRtcp(peer);
      reports.write(
        writer,
        source.clock,
        source.clockRate,
        downlink.timestampOffset,
        downlink.ssrc,
        downlink.packets,
        downlink.payloadBytes,
        downlink.uplink.peer.cname,
        now,
      );
    }
    this.#context.flushRtcp(peer);
  }
}
