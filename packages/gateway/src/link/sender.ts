/** The RTP side of one publication: headers, numbers, counts, history. It survives connections. */
import { randomInt } from 'node:crypto';
import { RtpHeader } from 'werift';
import { levelByte, NO_LEVEL } from './audio-level.ts';
import { PacketHistory } from './history.ts';
import type { LinkLimits } from './limits.ts';
import { EXTENSION_URI, H264_PAYLOAD_TYPE, H264_RTX_PAYLOAD_TYPE, OPUS_PAYLOAD_TYPE } from './payload-types.ts';
import { writeSenderReport } from './rtcp.ts';
import { OutgoingHeader } from './rtp.ts';
import type { AnswerSection } from './sdp.ts';
import type { MediaTransport } from './transport.ts';

/** The same packet is not sent again within this: a server may ask on behalf of several viewers. */
const RESEND_HOLD_MS = 40;
const MAX_HEADER_BYTES = 44;

export interface SenderSink {
  onKeyframeNeeded(): void;
}

export class RtpSender {
  readonly kind: 'audio' | 'video';
  readonly ssrc = randomInt(1, 0xffff_ffff);
  readonly rtxSsrc: number | null;
  readonly #sink: SenderSink;
  readonly #limits: LinkLimits;
  readonly #clock: () => number;
  readonly #cname: string;
  readonly #history: PacketHistory;
  readonly #header = new OutgoingHeader();
  readonly #rtxHeader = new OutgoingHeader();
  #transport: MediaTransport | null = null;
  #sequence = randomInt(0, 0x8000);
  #rtxSequence = randomInt(0, 0x8000);
  #packets = 0;
  #octets = 0;
  /** The answer took retransmissions in a stream of their own. */
  #rtx = false;
  #lastKeyframeRequest = Number.NEGATIVE_INFINITY;
  #owedKeyframe: NodeJS.Timeout | null = null;

  constructor(
    kind: 'audio' | 'video',
    cname: string,
    sink: SenderSink,
    context: { readonly limits: LinkLimits; readonly clock: () => number },
  ) {
    this.kind = kind;
    this.#cname = cname;
    this.#sink = sink;
    this.#limits = context.limits;
    this.#clock = context.clock;
    this.rtxSsrc = kind === 'video' ? randomInt(1, 0xffff_ffff) : null;
    const slots = kind === 'video' ? context.limits.videoHistoryPackets : context.limits.audioHistoryPackets;
    this.#history = new PacketHistory(slots, context.limits.maxPayloadBytes + MAX_HEADER_BYTES);
  }

  /** Whether packets go out. */
  get attached(): boolean {
    return this.#transport !== null;
  }

  /** The section is answered: media may flow on this connection. */
  attach(transport: MediaTransport, section: AnswerSection): void {
    const ids = {
      mid: section.mid,
      midId: section.extensions.get(EXTENSION_URI.mid) ?? 0,
      absSendTimeId: section.extensions.get(EXTENSION_URI.absSendTime) ?? 0,
      transportCcId: section.extensions.get(EXTENSION_URI.transportCc) ?? 0,
      audioLevelId: this.kind === 'audio' ? (section.extensions.get(EXTENSION_URI.audioLevel) ?? 0) : 0,
    };
    const payloadType = this.kind === 'video' ? H264_PAYLOAD_TYPE : OPUS_PAYLOAD_TYPE;
    this.#header.configure({ ...ids, ssrc: this.ssrc, payloadType });
    this.#rtx = this.rtxSsrc !== null && section.payloadTypes.includes(H264_RTX_PAYLOAD_TYPE);
    if (this.rtxSsrc !== null) {
      this.#rtxHeader.configure({ ...ids, ssrc: this.rtxSsrc, payloadType: H264_RTX_PAYLOAD_TYPE });
    }
    // Counts of a report belong to what this connection's receiver could see (RFC 3550 §6.4.1).
    if (this.#transport !== transport) {
      this.#packets = 0;
      this.#octets = 0;
      this.#history.clear();
    }
    this.#transport = transport;
  }

  detach(): void {
    this.#transport = null;
    if (this.#owedKeyframe !== null) clearTimeout(this.#owedKeyframe);
    this.#owedKeyframe = null;
  }

  send(payload: Uint8Array, timestamp: number, marker: boolean, level?: number): void {
    const transport = this.#transport;
    if (transport === null || !transport.connected) return;
    if (payload.length === 0 || payload.length > this.#limits.maxPayloadBytes) return;
    const sequence = this.#sequence;
    this.#sequence = (sequence + 1) & 0xffff;
    const header = this.#header;
    header.stamp(sequence, timestamp, marker, Date.now(), nextTransportSequence(transport), levelByte(level));
    this.#history.put(sequence, header.bytes, payload);
    this.#packets += 1;
    this.#octets += payload.length;
    transport.sendRtp(header, asBuffer(payload));
  }

  report(ntpMs: number, rtpTimestamp: number): void {
    const transport = this.#transport;
    if (transport === null || this.#packets === 0) return;
    transport.sendRtcp(
      writeSenderReport({
        ssrc: this.ssrc,
        ntpMs,
        rtpTimestamp,
        packets: this.#packets,
        octets: this.#octets,
        cname: this.#cname,
      }),
    );
  }

  onNack(sequence: number): void {
    const transport = this.#transport;
    if (transport === null) return;
    const slot = this.#history.take(sequence, this.#clock(), RESEND_HOLD_MS);
    if (slot < 0) return;
    const sent = this.#history.header(slot);
    const payload = this.#history.payload(slot);
    if (!this.#rtx) {
      // Without a stream of their own (RFC 4588) the very same bytes go out again: the same cipher text.
      transport.sendRtp(new SentHeader(sent), payload);
      return;
    }
    const header = this.#rtxHeader;
    header.stamp(
      this.#rtxSequence,
      sent.readUInt32BE(4),
      (sent[1]! & 0x80) !== 0,
      Date.now(),
      nextTransportSequence(transport),
      NO_LEVEL,
    );
    this.#rtxSequence = (this.#rtxSequence + 1) & 0xffff;
    const wrapped = Buffer.allocUnsafe(payload.length + 2);
    wrapped.writeUInt16BE(sequence, 0);
    payload.copy(wrapped, 2);
    transport.sendRtp(header, wrapped);
  }

  /**
   * PLI or FIR: told at once, and then at most once in the interval. A request within the interval is not lost (it may be
   * that of a viewer who came after the keyframe): it is told when the interval is over.
   */
  onKeyframeRequest(): void {
    if (this.kind !== 'video' || this.#owedKeyframe !== null) return;
    const wait = this.#lastKeyframeRequest + this.#limits.keyframeIntervalMs - this.#clock();
    if (wait <= 0) {
      this.#lastKeyframeRequest = this.#clock();
      this.#sink.onKeyframeNeeded();
      return;
    }
    this.#owedKeyframe = setTimeout(() => {
      this.#owedKeyframe = null;
      this.#lastKeyframeRequest = this.#clock();
      this.#sink.onKeyframeNeeded();
    }, wait);
    this.#owedKeyframe.unref();
  }
}

/** A header as it was sent before. */
class SentHeader extends RtpHeader {
  readonly #bytes: Buffer;

  constructor(bytes: Buffer) {
    super();
    this.#bytes = bytes;
    this.ssrc = bytes.readUInt32BE(8);
    this.sequenceNumber = bytes.readUInt16BE(2);
  }

  override get serializeSize(): number {
    return this.#bytes.length;
  }

  override serialize(_size: number): Buffer<ArrayBuffer> {
    return this.#bytes as Buffer<ArrayBuffer>;
  }
}

function nextTransportSequence(transport: MediaTransport): number {
  transport.transportSequence = (transport.transportSequence + 1) & 0xffff;
  return transport.transportSequence;
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
