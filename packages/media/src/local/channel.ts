/**
 * One end of the port between engine and local link. Packets are gathered and go out once per turn of the event loop;
 * both kinds of traffic are bounded by what the other end has said it took: a slow reader loses packets, and one that
 * does not read messages any more loses the channel. Memory it never costs.
 */
import type { MessagePort } from 'node:worker_threads';
import type { Acknowledgement } from './messages.ts';
import { type RecordSink, RecordWriter, readRecords } from './records.ts';

export interface LocalChannelLimits {
  /** Bytes of packets under way to a reader that has not taken them; more are dropped. */
  readonly packetBytes: number;
  /** Bytes of messages under way; with more the channel ends. */
  readonly messageBytes: number;
}

export const DEFAULT_LOCAL_LIMITS: LocalChannelLimits = { packetBytes: 4_000_000, messageBytes: 16_000_000 };

/** Counted for a message besides the bytes in it. */
const MESSAGE_OVERHEAD = 128;
/** Records gathered at most before they go out. */
const BATCH_BYTES = 256 * 1024;
/** What was taken is told after this share of a limit. */
const ACKNOWLEDGE_SHARE = 16;

export interface LocalChannelSink<In> extends RecordSink {
  onMessage(message: In): void;
  /** The other end is gone, or does not read any more. Told once, and not after {@link LocalChannel.close}. */
  onClosed(reason: string): void;
}

/** A message, which may carry bytes under one of these names. */
interface Carrier {
  readonly type: string;
  readonly frame?: Uint8Array;
  readonly bytes?: Uint8Array;
  readonly join?: Uint8Array;
}

export class LocalChannel<Out extends Carrier, In extends Carrier> {
  readonly #port: MessagePort;
  readonly #limits: LocalChannelLimits;
  readonly #sink: LocalChannelSink<In>;
  readonly #writer: RecordWriter;
  #planned = false;
  #closed = false;
  #packetsSent = 0;
  #messagesSent = 0;
  #packetsAcknowledged = 0;
  #messagesAcknowledged = 0;
  #packetsTaken = 0;
  #messagesTaken = 0;
  #packetsTold = 0;
  #messagesTold = 0;
  #dropped = 0;
  readonly #flush = () => {
    this.#planned = false;
    this.flush();
  };

  constructor(port: MessagePort, sink: LocalChannelSink<In>, limits: LocalChannelLimits = DEFAULT_LOCAL_LIMITS) {
    this.#port = port;
    this.#sink = sink;
    this.#limits = limits;
    this.#writer = new RecordWriter(Math.min(BATCH_BYTES, limits.packetBytes));
    port.on('message', (message: In | Acknowledgement | ArrayBuffer) => this.#receive(message));
    port.on('close', () => this.#end('the other end is gone'));
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Packets dropped because the other end was too slow. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Bytes of messages that the other end has not taken yet. */
  get backlog(): number {
    return this.#messagesSent - this.#messagesAcknowledged;
  }

  /** Sends a message, after the packets gathered before it. */
  post(message: Out): void {
    if (this.#closed) return;
    this.flush();
    this.#messagesSent += sizeOf(message);
    if (this.backlog > this.#limits.messageBytes) {
      this.#end('the other end does not read');
      return;
    }
    this.#port.postMessage(message);
  }

  /**
   * Where to write the next record, or null when it must be dropped. Whatever is written goes out with the next
   * {@link flush}, at the latest at the end of this turn of the event loop.
   */
  room(): RecordWriter | null {
    if (this.#closed) return null;
    const writer = this.#writer;
    if (this.#packetsSent + writer.used - this.#packetsAcknowledged >= this.#limits.packetBytes) {
      this.#dropped++;
      return null;
    }
    if (!writer.hasRoom) this.flush();
    if (!this.#planned) {
      this.#planned = true;
      setImmediate(this.#flush);
    }
    return writer;
  }

  flush(): void {
    if (this.#writer.used === 0 || this.#closed) return;
    const buffer = this.#writer.take();
    this.#packetsSent += buffer.byteLength;
    this.#port.postMessage(buffer, [buffer]);
  }

  close(): void {
    if (this.#closed) return;
    this.flush();
    this.#closed = true;
    this.#port.close();
  }

  /** Whether this end keeps the process alive. */
  ref(alive: boolean): void {
    if (alive) this.#port.ref();
    else this.#port.unref();
  }

  #receive(message: In | Acknowledgement | ArrayBuffer): void {
    if (this.#closed) return;
    if (message instanceof ArrayBuffer) {
      this.#packetsTaken += message.byteLength;
      readRecords(message, this.#sink);
      if (this.#packetsTaken - this.#packetsTold > this.#limits.packetBytes / ACKNOWLEDGE_SHARE) this.#acknowledge();
      return;
    }
    if (isAcknowledgement(message)) {
      this.#packetsAcknowledged = message.packets;
      this.#messagesAcknowledged = message.messages;
      return;
    }
    this.#messagesTaken += sizeOf(message);
    this.#sink.onMessage(message);
    if (this.#messagesTaken - this.#messagesTold > this.#limits.messageBytes / ACKNOWLEDGE_SHARE) this.#acknowledge();
  }

  #acknowledge(): void {
    if (this.#closed) return;
    this.#packetsTold = this.#packetsTaken;
    this.#messagesTold = this.#messagesTaken;
    const taken: Acknowledgement = { type: 'taken', packets: this.#packetsTaken, messages: this.#messagesTaken };
    this.#port.postMessage(taken);
  }

  #end(reason: string): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#port.close();
    this.#sink.onClosed(reason);
  }
}

function sizeOf(message: Carrier): number {
  return (
    MESSAGE_OVERHEAD +
    (message.frame?.byteLength ?? 0) +
    (message.bytes?.byteLength ?? 0) +
    (message.join?.byteLength ?? 0)
  );
}

function isAcknowledgement(message: { readonly type: string }): message is Acknowledgement {
  return message.type === 'taken';
}
