/** A link session without a server: keeps what is published, and says what a test wants said. */
import type {
  LinkPublication,
  LinkSession,
  LinkSubscription,
  PublicationOptions,
  PublicationSink,
} from '../../link/types.ts';

export interface FakePacket {
  readonly payload: Uint8Array;
  readonly timestamp: number;
  readonly marker: boolean;
  readonly level: number | undefined;
}

export interface FakeReport {
  readonly ntpMs: number;
  readonly rtpTimestamp: number;
  /** Packets that had gone out before it. */
  readonly after: number;
}

export class FakePublication implements LinkPublication {
  readonly sid: string;
  readonly options: PublicationOptions;
  readonly sink: PublicationSink;
  readonly packets: FakePacket[] = [];
  readonly reports: FakeReport[] = [];
  readonly mutes: boolean[] = [];
  muted: boolean;
  unpublished = false;

  constructor(sid: string, options: PublicationOptions, sink: PublicationSink) {
    this.sid = sid;
    this.options = options;
    this.sink = sink;
    this.muted = options.muted;
  }

  send(payload: Uint8Array, timestamp: number, marker: boolean, level?: number): void {
    if (this.unpublished) throw new Error('sent after it was unpublished');
    if (this.muted) throw new Error('sent while muted');
    this.packets.push({ payload, timestamp, marker, level });
  }

  report(ntpMs: number, rtpTimestamp: number): void {
    this.reports.push({ ntpMs, rtpTimestamp, after: this.packets.length });
  }

  setMuted(muted: boolean): void {
    this.muted = muted;
    this.mutes.push(muted);
  }

  unpublish(): void {
    this.unpublished = true;
  }

  /** Access units, as the packets of each. */
  accessUnits(): FakePacket[][] {
    const units: FakePacket[][] = [];
    let unit: FakePacket[] = [];
    for (const packet of this.packets) {
      unit.push(packet);
      if (!packet.marker) continue;
      units.push(unit);
      unit = [];
    }
    return units;
  }
}

interface Asked {
  readonly options: PublicationOptions;
  readonly resolve: () => FakePublication;
  readonly reject: (reason: string) => void;
}

export class FakeSession implements LinkSession {
  readonly identity = 'phone';
  readonly sid = 'PA_phone';
  readonly room = 'room';
  readonly publications: FakePublication[] = [];
  /** Publications that were asked for and not yet confirmed; confirmed at once when `prompt`. */
  readonly asked: Asked[] = [];
  prompt = true;

  publish(options: PublicationOptions, sink: PublicationSink): Promise<LinkPublication> {
    return new Promise((resolve, reject) => {
      const asked: Asked = {
        options,
        resolve: () => {
          const publication = new FakePublication(`TR_${this.publications.length}`, options, sink);
          this.publications.push(publication);
          resolve(publication);
          return publication;
        },
        reject: (reason) => reject(new Error(reason)),
      };
      if (this.prompt) asked.resolve();
      else this.asked.push(asked);
    });
  }

  of(kind: 'audio' | 'video'): FakePublication {
    const found = this.publications.filter((publication) => publication.options.kind === kind);
    if (found.length !== 1) throw new Error(`${found.length} publications of ${kind}`);
    return found[0]!;
  }

  subscribe(): LinkSubscription {
    throw new Error('a phone’s participant subscribes nothing');
  }

  sendChat(): void {}

  async leave(): Promise<void> {}
}
