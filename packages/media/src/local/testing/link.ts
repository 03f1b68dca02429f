/** A small link for tests: speaks to an engine over a local port as the gateway does, and remembers what it is told. */
import type { MessagePort } from 'node:worker_threads';
import {
  AddTrackRequest,
  ConnectionSettings,
  DataPacket,
  DataPacket_Kind,
  JoinRequest,
  SignalRequest,
  SignalResponse,
  TrackSource,
  TrackType,
  UpdateSubscription,
  UserPacket,
} from '@livekit/protocol';
import { LocalChannel, type LocalChannelLimits } from '../channel.ts';
import type { ToEngine, ToLink } from '../messages.ts';

type ResponseCase = NonNullable<SignalResponse['message']['case']>;
type ResponseValue<C extends ResponseCase> = Extract<SignalResponse['message'], { case: C; value: unknown }>['value'];

export interface TestPacket {
  readonly stream: number;
  readonly payloadType: number;
  readonly marker: boolean;
  readonly sequence: number;
  readonly timestamp: number;
  readonly payload: string;
}

/** One port with any number of sessions. */
export class TestLink {
  readonly channel: LocalChannel<ToEngine, ToLink>;
  readonly packets: TestPacket[] = [];
  readonly reports: { readonly stream: number; readonly ntpMs: number; readonly timestamp: number }[] = [];
  readonly sessions = new Map<number, TestSession>();
  closed: string | null = null;
  #next = 1;
  #nextStream = 1;

  constructor(port: MessagePort, limits?: LocalChannelLimits) {
    this.channel = new LocalChannel<ToEngine, ToLink>(
      port,
      {
        onMessage: (message) => {
          if (message.type !== 'taken') this.sessions.get(message.session)?.messages.push(message);
        },
        onRtp: (stream, payloadType, marker, sequence, timestamp, bytes, from, length) => {
          const payload = Buffer.from(bytes.subarray(from, from + length)).toString('latin1');
          this.packets.push({ stream, payloadType, marker, sequence, timestamp, payload });
        },
        onReport: (stream, ntpMs, timestamp) => this.reports.push({ stream, ntpMs, timestamp }),
        onClosed: (reason) => {
          this.closed = reason;
        },
      },
      limits,
    );
  }

  open(token: string): TestSession {
    const session = new TestSession(this, this.#next++);
    this.sessions.set(session.id, session);
    const join = new JoinRequest({ connectionSettings: new ConnectionSettings({ autoSubscribe: false }) }).toBinary();
    this.channel.post({ type: 'open', session: session.id, token, join });
    return session;
  }

  nextStream(): number {
    return this.#nextStream++;
  }

  /** Payloads that came on a stream. */
  of(stream: number): string[] {
    return this.packets.filter((packet) => packet.stream === stream).map(({ payload }) => payload);
  }
}

/** One participant. */
export class TestSession {
  readonly link: TestLink;
  readonly id: number;
  readonly messages: ToLink[] = [];

  constructor(link: TestLink, id: number) {
    this.link = link;
    this.id = id;
  }

  get responses(): SignalResponse['message'][] {
    return this.messages.flatMap((message) =>
      message.type === 'frame' ? [SignalResponse.fromBinary(message.frame).message] : [],
    );
  }

  all<C extends ResponseCase>(name: C): ResponseValue<C>[] {
    // The guard cannot carry a generic case over to its value's type.
    return this.responses.flatMap((message) => (message.case === name ? [message.value as ResponseValue<C>] : []));
  }

  last<C extends ResponseCase>(name: C): ResponseValue<C> | undefined {
    return this.all(name).at(-1);
  }

  told<T extends ToLink['type']>(type: T): Extract<ToLink, { type: T }>[] {
    return this.messages.filter((message): message is Extract<ToLink, { type: T }> => message.type === type);
  }

  get data(): string[] {
    return this.told('data').map(({ bytes }) => {
      const { value } = DataPacket.fromBinary(bytes);
      return value.case === 'user' ? Buffer.from(value.value.payload).toString() : String(value.case);
    });
  }

  send(message: SignalRequest['message']): void {
    this.link.channel.post({ type: 'frame', session: this.id, frame: new SignalRequest({ message }).toBinary() });
  }

  addTrack(kind: 'audio' | 'video', cid: string): void {
    this.send({
      case: 'addTrack',
      value: new AddTrackRequest({
        cid,
        type: kind === 'audio' ? TrackType.AUDIO : TrackType.VIDEO,
        source: kind === 'audio' ? TrackSource.MICROPHONE : TrackSource.CAMERA,
      }),
    });
  }

  /** `addTrack` and its stream; answers the stream's number. */
  publish(kind: 'audio' | 'video', cid: string): number {
    this.addTrack(kind, cid);
    const stream = this.link.nextStream();
    this.link.channel.post({ type: 'publish', session: this.id, stream, kind, cid });
    return stream;
  }

  subscribe(trackSid: string, subscribe = true): void {
    this.send({ case: 'subscription', value: new UpdateSubscription({ trackSids: [trackSid], subscribe }) });
  }

  /** @param level the byte of RFC 6464 §3. */
  rtp(
    stream: number,
    sequence: number,
    timestamp: number,
    payload: string | Uint8Array,
    marker = true,
    level = -1,
  ): void {
    const bytes = typeof payload === 'string' ? Buffer.from(payload, 'latin1') : payload;
    this.link.channel.room()?.rtp(stream, 0, marker, sequence, timestamp, bytes, 0, bytes.length, level);
  }

  sendData(kind: 'reliable' | 'lossy', text: string, sequence = 0): void {
    const packet = new DataPacket({
      kind: kind === 'reliable' ? DataPacket_Kind.RELIABLE : DataPacket_Kind.LOSSY,
      sequence,
      value: { case: 'user', value: new UserPacket({ payload: Buffer.from(text) }) },
    });
    this.link.channel.post({ type: 'data', session: this.id, kind, bytes: packet.toBinary() });
  }
}

/** A packet that begins a keyframe (its parameter set); the text tells packets apart. */
export function idr(text: string): string {
  return `\x67${text}`;
}

/** An H.264 picture that needs those before it. */
export function delta(text: string): string {
  return `\x41${text}`;
}
