/** One ICE, DTLS and SCTP association by werift, with nothing of werift's own RTP: packets in and out are plain bytes. */
import {
  IceCandidate,
  RTCDataChannel,
  RTCDataChannelParameters,
  RTCDtlsFingerprint,
  RTCDtlsParameters,
  RTCDtlsTransport,
  RTCIceGatherer,
  RTCIceParameters,
  RTCIceTransport,
  RTCSctpTransport,
  type RtpHeader,
} from 'werift';
import type { AnswerDescription } from './sdp.ts';

/** AEAD_AES_128_GCM before AES128_CM_SHA1_80: it costs less (RFC 7714 §14.2). */
const SRTP_PROFILES: (0x0001 | 0x0007)[] = [0x0007, 0x0001];

export interface TransportSink {
  /** A decrypted RTP packet; the bytes are the receiver's own. */
  onRtp(packet: Buffer): void;
  /** A decrypted compound RTCP packet. */
  onRtcp(packet: Buffer): void;
  onData(message: Buffer): void;
  /** Media flows, and the reliable data channel is open. Once. */
  onConnected(): void;
  /** It broke, or never came up. Once, and nothing after it. */
  onFailed(reason: string): void;
}

/** A path that loses, for tests: packets for which these answer true are dropped. */
export interface Impairment {
  dropOutgoing?(): boolean;
  dropIncoming?(): boolean;
}

export class MediaTransport {
  readonly #ice: RTCIceTransport;
  readonly #dtls: RTCDtlsTransport;
  readonly #sctp: RTCSctpTransport;
  readonly #sink: TransportSink;
  readonly #impairment: Impairment | null;
  #reliable: RTCDataChannel | null = null;
  #started = false;
  #remote: AnswerDescription | null = null;
  #media = false;
  #ended = false;
  /** Numbers packets for transport-wide feedback. */
  transportSequence = 0;

  private constructor(
    ice: RTCIceTransport,
    dtls: RTCDtlsTransport,
    sink: TransportSink,
    impairment: Impairment | null,
  ) {
    this.#impairment = impairment;
    this.#ice = ice;
    this.#dtls = dtls;
    this.#sink = sink;
    this.#sctp = new RTCSctpTransport();
    this.#sctp.setDtlsTransport(dtls);
  }

  /** @param loopback the server is on this machine: candidates of the loopback interface are of use. */
  static async open(
    loopback: boolean,
    sink: TransportSink,
    impairment: Impairment | null = null,
  ): Promise<MediaTransport> {
    const gatherer = new RTCIceGatherer({
      useIpv4: true,
      useIpv6: true,
      useTcp: false,
      ...(loopback ? { additionalHostAddresses: ['127.0.0.1'] } : {}),
    });
    const ice = new RTCIceTransport(gatherer);
    // We offer, so we control (RFC 8445 §6.1.1).
    ice.connection.iceControlling = true;
    const certificate = await RTCDtlsTransport.SetupCertificate();
    const dtls = new RTCDtlsTransport({}, ice, certificate, SRTP_PROFILES);
    // werift's receive path parses every packet into objects and lets some errors out: ours takes its place.
    dtls.srtpStarted = true;
    const transport = new MediaTransport(ice, dtls, sink, impairment);
    await ice.gather();
    return transport;
  }

  get usernameFragment(): string {
    return this.#ice.localParameters.usernameFragment;
  }

  get password(): string {
    return this.#ice.localParameters.password;
  }

  get fingerprint(): { readonly algorithm: string; readonly value: string } {
    return this.#dtls.localParameters.fingerprints[0]!;
  }

  /** `candidate:…` lines. */
  get candidates(): string[] {
    return this.#ice.localCandidates.map((candidate) => `candidate:${candidate.toJSON().candidate}`);
  }

  get connected(): boolean {
    return this.#media && !this.#ended;
  }

  /** Grows whenever the server sends anything, ICE's answers among it. */
  get heard(): number {
    const pair = this.#ice.connection.nominated;
    return pair === undefined ? 0 : pair.packetsReceived + pair.responsesReceived + pair.requestsReceived;
  }

  get dataBacklog(): number {
    return this.#reliable?.bufferedAmount ?? 0;
  }

  /** Takes the server's half from the first answer; later ones change nothing here. */
  setRemote(answer: AnswerDescription): void {
    if (this.#remote !== null || this.#ended) return;
    this.#remote = answer;
    this.#dtls.role = answer.setup === 'active' ? 'server' : 'client';
    this.#dtls.setRemoteParams(
      new RTCDtlsParameters(
        answer.fingerprints.map(({ algorithm, value }) => new RTCDtlsFingerprint(algorithm, value)),
        answer.setup === 'active' ? 'client' : 'server',
      ),
    );
    this.#ice.setRemoteParams(
      new RTCIceParameters({
        iceLite: answer.iceLite,
        usernameFragment: answer.usernameFragment,
        password: answer.password,
      }),
    );
    for (const candidate of answer.candidates) this.addCandidate(candidate);
  }

  /** @param line with or without `candidate:`. */
  addCandidate(line: string): void {
    if (this.#ended || this.#remote === null) return;
    const candidate = IceCandidate.fromJSON({ candidate: line });
    if (candidate === undefined || candidate.protocol.toLowerCase() !== 'udp') return;
    // A broken candidate only fails itself.
    const added = this.#ice.addRemoteCandidate(candidate);
    added?.catch(() => {});
    if (this.#started) return;
    this.#started = true;
    Promise.resolve(added)
      .catch(() => {})
      .then(() => this.#start())
      .catch((error: unknown) => this.#fail(String(error)));
  }

  sendRtp(header: RtpHeader, payload: Buffer): void {
    if (!this.connected) return;
    try {
      const datagram = this.#dtls.srtp.encrypt(payload, header);
      if (this.#impairment?.dropOutgoing?.() === true) return;
      this.#ice.connection.send(datagram).catch(ignore);
    } catch {
      // A packet that cannot be sent is a lost packet.
    }
  }

  sendRtcp(packet: Buffer): void {
    if (!this.connected) return;
    try {
      this.#ice.connection.send(this.#dtls.srtcp.encrypt(packet)).catch(ignore);
    } catch {
      // As above.
    }
  }

  /** False when the channel is not open. */
  sendData(message: Uint8Array): boolean {
    if (this.#ended || this.#reliable?.readyState !== 'open') return false;
    this.#reliable.send(Buffer.from(message));
    return true;
  }

  async close(): Promise<void> {
    this.#ended = true;
    this.#media = false;
    this.#ice.connection.onData.allUnsubscribe();
    await this.#sctp.stop().catch(ignore);
    await this.#dtls.stop().catch(ignore);
    await this.#ice.stop().catch(ignore);
  }

  async #start(): Promise<void> {
    await this.#ice.start();
    if (this.#ended) return;
    this.#ice.onStateChange.subscribe((state) => {
      if (state === 'failed' || state === 'closed') this.#fail(`ICE ${state}`);
    });
    this.#dtls.onStateChange.subscribe((state) => {
      if (state === 'failed' || state === 'closed') this.#fail(`DTLS ${state}`);
    });
    await this.#dtls.start();
    if (this.#ended) return;
    this.#dtls.updateSrtpSession();
    this.#ice.connection.onData.subscribe((datagram) => this.#receive(datagram));
    this.#media = true;
    await this.#openChannels();
  }

  async #openChannels(): Promise<void> {
    // The DTLS server's channels have odd ids (RFC 8832 §6); werift would go by the ICE role.
    const id = this.#dtls.role === 'server' ? 1 : 0;
    const open = (parameters: { label: string; id: number; ordered: boolean; maxRetransmits?: number }) =>
      new RTCDataChannel(this.#sctp, new RTCDataChannelParameters(parameters));
    const reliable = open({ label: '_reliable', id, ordered: true });
    const lossy = open({ label: '_lossy', id: id + 2, ordered: false, maxRetransmits: 0 });
    this.#reliable = reliable;
    for (const channel of [reliable, lossy]) {
      channel.onMessage.subscribe((message) => {
        if (!this.#ended && typeof message !== 'string') this.#sink.onData(message);
      });
    }
    reliable.stateChange.subscribe((state) => {
      if (state === 'open' && !this.#ended) this.#sink.onConnected();
      else if (state === 'closed') this.#fail('data channel closed');
    });
    await this.#sctp.start(this.#remote?.sctpPort ?? 5_000);
  }

  /** RFC 7983: 128–191 is RTP or RTCP; of those RFC 5761 §4 gives 192–223 of the second byte to RTCP. */
  #receive(datagram: Buffer): void {
    const first = datagram[0] ?? 0;
    if (this.#ended || first < 128 || first > 191 || datagram.length < 12) return;
    const second = datagram[1]!;
    try {
      if (second >= 192 && second <= 223) this.#sink.onRtcp(this.#dtls.srtcp.decrypt(datagram));
      else if (this.#impairment?.dropIncoming?.() !== true) this.#sink.onRtp(this.#dtls.srtp.decrypt(datagram));
    } catch {
      // Not authentic, or malformed: it ends itself alone.
    }
  }

  #fail(reason: string): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#media = false;
    this.#sink.onFailed(reason);
  }
}

function ignore(): void {}
