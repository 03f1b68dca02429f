/** One connection to the server: its sections, offers and answers, and which stream belongs to whom. */
import { randomInt } from 'node:crypto';
import type { SessionDescription } from '@livekit/protocol';
import type { LinkLimits } from './limits.ts';
import { ORIGINAL_BY_RTX } from './payload-types.ts';
import type { RtpReceiver } from './receiver.ts';
import { MAX_REPORT_BLOCKS, type ReceptionReport, readRtcp, writeNack, writePli, writeReceiverReport } from './rtcp.ts';
import { incomingHeader, readHeader, readMid } from './rtp.ts';
import { type AnswerSection, type OfferSection, parseAnswer, writeOffer } from './sdp.ts';
import type { RtpSender } from './sender.ts';
import { type Impairment, MediaTransport } from './transport.ts';

export interface ConnectionSink {
  sendOffer(sdp: string, id: number): void;
  onConnected(): void;
  onFailed(reason: string): void;
  onData(message: Buffer): void;
}

export interface ConnectionContext {
  readonly limits: LinkLimits;
  readonly clock: () => number;
  readonly loopback: boolean;
  readonly cname: string;
  readonly impairment: Impairment | null;
}

interface SendSection {
  readonly kind: 'audio' | 'video';
  readonly mid: string;
  readonly role: 'send';
  sender: RtpSender | null;
  cid: string;
  /** What the offer under way, or the last one, says of it. */
  offered: RtpSender | null;
  /** The server knows that nothing is sent on it: it may be used anew. */
  idle: boolean;
  settle: ((problem: Error | null) => void) | null;
}

interface ReceiveSection {
  readonly kind: 'audio' | 'video';
  readonly mid: string;
  readonly role: 'receive';
  /** What the server sends on it, as the last answer says. */
  trackSid: string;
  ssrc: number;
  rtxSsrc: number;
}

type Section = { readonly kind: 'application'; readonly mid: string } | SendSection | ReceiveSection;

interface Route {
  readonly receiver: RtpReceiver;
  readonly rtx: boolean;
}

const MAX_ROUTES = 1_024;

function isIdle(section: Section, kind: 'audio' | 'video'): section is SendSection {
  return section.kind === kind && section.role === 'send' && section.idle && section.sender === null;
}

export class MediaConnection {
  readonly #context: ConnectionContext;
  readonly #sink: ConnectionSink;
  #transport: MediaTransport | null = null;
  readonly #sections: Section[] = [{ kind: 'application', mid: '0' }];
  readonly #sessionId = String(randomInt(2 ** 47));
  readonly #localSsrc = randomInt(1, 0xffff_ffff);
  readonly #receivers = new Map<string, RtpReceiver>();
  readonly #senders = new Map<number, RtpSender>();
  #routes = new Map<number, Route>();
  readonly #header = incomingHeader();
  #offerId = 0;
  #pendingOffer = false;
  #changed = false;
  #offerTimer: NodeJS.Timeout | null = null;
  #watch: NodeJS.Timeout | null = null;
  #lastOffer = '';
  #lastAnswer = '';
  #closed = false;
  #connected = false;
  readonly #rtcp = {
    onSenderReport: (ssrc: number, ntpMs: number, ntpMiddle: number, rtpTimestamp: number): void => {
      const route = this.#routes.get(ssrc);
      if (route !== undefined && !route.rtx) {
        route.receiver.onSenderReport(ntpMs, ntpMiddle, rtpTimestamp, this.#context.clock());
      }
    },
    onKeyframeRequest: (ssrc: number): void => this.#senders.get(ssrc)?.onKeyframeRequest(),
    onNack: (ssrc: number, sequence: number): void => this.#senders.get(ssrc)?.onNack(sequence),
  };

  private constructor(context: ConnectionContext, sink: ConnectionSink) {
    this.#context = context;
    this.#sink = sink;
  }

  static async open(context: ConnectionContext, sink: ConnectionSink): Promise<MediaConnection> {
    const connection = new MediaConnection(context, sink);
    const events = {
      onRtp: (packet: Buffer) => connection.#onRtp(packet),
      onRtcp: (packet: Buffer) => readRtcp(packet, connection.#rtcp),
      onData: (message: Buffer) => sink.onData(message),
      onConnected: () => {
        connection.#connected = true;
        connection.#startWatch();
        sink.onConnected();
      },
      onFailed: (reason: string) => {
        connection.#connected = false;
        sink.onFailed(reason);
      },
    };
    connection.#transport = await MediaTransport.open(context.loopback, events, context.impairment);
    return connection;
  }

  get connected(): boolean {
    return this.#connected && !this.#closed;
  }

  get dataBacklog(): number {
    return this.#transport?.dataBacklog ?? 0;
  }

  /** The last offer and its answer, for the state that a resume tells. */
  get descriptions(): { readonly offer: string; readonly answer: string } {
    return { offer: this.#lastOffer, answer: this.#lastAnswer };
  }

  /** The offer that goes with the join request. */
  firstOffer(): { readonly sdp: string; readonly id: number } {
    return this.#makeOffer();
  }

  /** A section for a publication; resolves when it is answered, rejects when the server does not take it. */
  addSender(sender: RtpSender, cid: string): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#closed || this.#sections.length >= this.#context.limits.maxSections) {
        reject(new Error('no section left on this connection'));
        return;
      }
      const section = this.#sections.find((one) => isIdle(one, sender.kind)) ?? this.#newSendSection(sender.kind);
      section.sender = sender;
      section.cid = cid;
      section.idle = false;
      section.settle = (problem) => (problem === null ? resolve() : reject(problem));
      this.#senders.set(sender.ssrc, sender);
      this.negotiate();
    });
  }

  removeSender(sender: RtpSender): void {
    this.#senders.delete(sender.ssrc);
    sender.detach();
    for (const section of this.#sections) {
      if (section.kind === 'application' || section.role !== 'send' || section.sender !== sender) continue;
      section.sender = null;
      section.settle?.(new Error('unpublished'));
      section.settle = null;
    }
    if (!this.#closed) this.negotiate();
  }

  addReceiver(trackSid: string, receiver: RtpReceiver): void {
    this.#receivers.set(trackSid, receiver);
    // Closed and subscribed again at once: the server may go on sending on the same section without a word.
    for (const section of this.#sections) {
      if (section.kind !== 'application' && section.role === 'receive') this.#routeSection(section, this.#routes);
    }
  }

  removeReceiver(trackSid: string): void {
    const receiver = this.#receivers.get(trackSid);
    this.#receivers.delete(trackSid);
    for (const [ssrc, route] of this.#routes) if (route.receiver === receiver) this.#routes.delete(ssrc);
  }

  /** The server wants so many more sections to send on. */
  addSlots(audios: number, videos: number): void {
    const { maxSections } = this.#context.limits;
    for (const [kind, count] of [['audio', audios] as const, ['video', videos] as const]) {
      for (let i = 0; i < count && this.#sections.length < maxSections; i++) {
        this.#sections.push({
          kind,
          mid: String(this.#sections.length),
          role: 'receive',
          trackSid: '',
          ssrc: 0,
          rtxSsrc: 0,
        });
      }
    }
    this.negotiate();
  }

  /** Offers what changed, now or after the answer under way. */
  negotiate(): void {
    this.#changed = true;
    if (this.#pendingOffer || this.#closed) return;
    this.#pendingOffer = true;
    // Publications of one moment go into one offer.
    queueMicrotask(() => {
      if (this.#closed) return;
      const { sdp, id } = this.#makeOffer();
      this.#sink.sendOffer(sdp, id);
    });
  }

  /** The signal was away: an offer under way may be lost. */
  renegotiate(): void {
    this.#pendingOffer = false;
    this.negotiate();
  }

  /** @throws {Error} when the answer cannot be used. */
  acceptAnswer(description: SessionDescription): void {
    if (this.#closed || (description.id !== 0 && description.id !== this.#offerId)) return;
    const answer = parseAnswer(description.sdp);
    this.#lastAnswer = description.sdp;
    if (this.#offerTimer !== null) clearTimeout(this.#offerTimer);
    this.#offerTimer = null;
    this.#pendingOffer = false;
    this.#transport?.setRemote(answer);
    const routes = new Map<number, Route>();
    for (const [i, section] of this.#sections.entries()) {
      const answered = answer.sections[i];
      if (answered === undefined || section.kind === 'application') continue;
      if (section.role === 'send') this.#takeSend(section, answered);
      else this.#takeReceive(section, answered, description.midToTrackId, routes);
    }
    this.#routes = routes;
    if (this.#changed) this.negotiate();
  }

  addCandidate(line: string): void {
    this.#transport?.addCandidate(line);
  }

  requestKeyframe(receiver: RtpReceiver): void {
    if (receiver.ssrc !== 0) this.#transport?.sendRtcp(writePli(this.#localSsrc, receiver.ssrc));
  }

  nack(receiver: RtpReceiver, sequences: readonly number[]): void {
    if (receiver.ssrc === 0 || sequences.length === 0) return;
    this.#transport?.sendRtcp(writeNack(this.#localSsrc, receiver.ssrc, sequences));
  }

  sendData(message: Uint8Array): boolean {
    return this.#transport?.sendData(message) ?? false;
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    if (this.#offerTimer !== null) clearTimeout(this.#offerTimer);
    if (this.#watch !== null) clearInterval(this.#watch);
    for (const section of this.#sections) {
      if (section.kind === 'application' || section.role !== 'send') continue;
      section.sender?.detach();
      section.settle?.(new Error('the connection was closed'));
      section.settle = null;
    }
    for (const receiver of this.#receivers.values()) receiver.reset(0);
    this.#routes.clear();
    await this.#transport?.close();
  }

  #makeOffer(): { sdp: string; id: number } {
    const transport = this.#transport!;
    this.#offerId += 1;
    this.#pendingOffer = true;
    this.#changed = false;
    for (const section of this.#sections) {
      if (section.kind !== 'application' && section.role === 'send') section.offered = section.sender;
    }
    const sdp = writeOffer({
      sessionId: this.#sessionId,
      version: this.#offerId,
      usernameFragment: transport.usernameFragment,
      password: transport.password,
      fingerprint: transport.fingerprint,
      candidates: transport.candidates,
      sections: this.#sections.map((section) => this.#describe(section)),
    });
    this.#lastOffer = sdp;
    if (this.#offerTimer !== null) clearTimeout(this.#offerTimer);
    // An answer that was lost with a WebSocket is asked for again.
    this.#offerTimer = setTimeout(() => this.renegotiate(), this.#context.limits.requestTimeoutMs);
    return { sdp, id: this.#offerId };
  }

  #newSendSection(kind: 'audio' | 'video'): SendSection {
    const mid = String(this.#sections.length);
    const section: SendSection = {
      kind,
      mid,
      role: 'send',
      sender: null,
      cid: '',
      offered: null,
      idle: false,
      settle: null,
    };
    this.#sections.push(section);
    return section;
  }

  #describe(section: Section): OfferSection {
    if (section.kind === 'application' || section.role === 'receive') return section;
    const { kind, mid, sender, cid } = section;
    const stream =
      sender === null ? null : { cid, cname: this.#context.cname, ssrc: sender.ssrc, rtxSsrc: sender.rtxSsrc };
    return { kind, mid, role: 'send', stream };
  }

  #takeSend(section: SendSection, answered: AnswerSection): void {
    const { sender, settle } = section;
    // It changed after that offer: the next answer tells.
    if (section.offered !== sender) return;
    if (sender === null) {
      section.idle = true;
      return;
    }
    const taken = !answered.rejected && (answered.direction === 'recvonly' || answered.direction === 'sendrecv');
    if (taken) sender.attach(this.#transport!, answered);
    section.settle = null;
    settle?.(taken ? null : new Error('the server does not take this codec'));
  }

  #takeReceive(
    section: ReceiveSection,
    answered: AnswerSection,
    midToTrackId: Readonly<Record<string, string>>,
    routes: Map<number, Route>,
  ): void {
    const sends = !answered.rejected && (answered.direction === 'sendonly' || answered.direction === 'sendrecv');
    section.trackSid = sends ? (midToTrackId[section.mid] ?? answered.trackId) : '';
    section.ssrc = sends ? answered.ssrc : 0;
    section.rtxSsrc = sends ? answered.rtxSsrc : 0;
    this.#routeSection(section, routes);
  }

  #routeSection({ trackSid, ssrc, rtxSsrc }: ReceiveSection, routes: Map<number, Route>): void {
    const receiver = this.#receivers.get(trackSid);
    if (receiver === undefined || ssrc === 0) return;
    this.#route(routes, receiver, ssrc);
    if (rtxSsrc !== 0) routes.set(rtxSsrc, { receiver, rtx: true });
  }

  #route(routes: Map<number, Route>, receiver: RtpReceiver, ssrc: number): void {
    if (receiver.ssrc !== ssrc) receiver.reset(ssrc);
    routes.set(ssrc, { receiver, rtx: false });
  }

  #onRtp(packet: Buffer): void {
    const header = this.#header;
    if (!readHeader(packet, header)) return;
    const route = this.#routes.get(header.ssrc) ?? this.#learn(packet);
    if (route === null) return;
    const now = this.#context.clock();
    if (route.rtx) route.receiver.onRepaired(packet, header, now);
    else route.receiver.onPacket(packet, header, now);
  }

  /** A stream that no answer named: its MID tells the section (RFC 8843 §9.2). */
  #learn(packet: Buffer): Route | null {
    const header = this.#header;
    const mid = readMid(packet, header);
    if (mid === null || this.#routes.size >= MAX_ROUTES) return null;
    const section = this.#sections.find((candidate) => candidate.mid === mid);
    if (section === undefined || section.kind === 'application' || section.role !== 'receive') return null;
    const receiver = this.#receivers.get(section.trackSid);
    if (receiver === undefined) return null;
    const rtx = ORIGINAL_BY_RTX[header.payloadType] !== 0;
    if (!rtx) this.#route(this.#routes, receiver, header.ssrc);
    else this.#routes.set(header.ssrc, { receiver, rtx });
    return this.#routes.get(header.ssrc) ?? null;
  }

  /** Receiver reports, and whether the server is still heard. */
  #startWatch(): void {
    const { receiverReportMs, mediaSilenceMs } = this.#context.limits;
    let heard = -1;
    let heardAt = this.#context.clock();
    this.#watch = setInterval(() => {
      const now = this.#context.clock();
      const count = this.#transport?.heard ?? 0;
      if (count !== heard) {
        heard = count;
        heardAt = now;
      } else if (now - heardAt > mediaSilenceMs) {
        this.#sink.onFailed('the server is silent');
        return;
      }
      this.#sendReports(now);
    }, receiverReportMs);
    this.#watch.unref();
  }

  #sendReports(now: number): void {
    const blocks: ReceptionReport[] = [];
    for (const receiver of this.#receivers.values()) {
      const block = receiver.report(now);
      if (block !== null) blocks.push(block);
    }
    for (let i = 0; i < blocks.length; i += MAX_REPORT_BLOCKS) {
      this.#transport?.sendRtcp(writeReceiverReport(this.#localSsrc, blocks.slice(i, i + MAX_REPORT_BLOCKS)));
    }
  }
}
