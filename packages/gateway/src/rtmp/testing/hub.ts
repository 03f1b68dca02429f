/** A door for tests that lets everybody in and hands each publish to its players, message by message. */
import { encodeMessage } from '../chunk-writer.ts';
import { CHUNK_STREAM, MESSAGE, MESSAGE_STREAM, OUTGOING_CHUNK_BYTES } from '../constants.ts';
import type { Playing, PublishEnd, Publishing, RtmpDoors, RtmpMedia, RtmpRefusal, RtmpTarget } from '../types.ts';

const TYPES = { audio: MESSAGE.audio, video: MESSAGE.video, data: MESSAGE.dataAmf0 } as const;

/** One publish as the hub saw it. */
export interface HubStream {
  readonly target: RtmpTarget;
  publishing: Publishing | null;
  readonly media: RtmpMedia[];
  readonly ends: string[];
  cause: PublishEnd | null;
  readonly players: Set<Playing>;
}

export class Hub implements RtmpDoors {
  readonly streams: HubStream[] = [];
  readonly plays: RtmpTarget[] = [];
  /** Set to say no. */
  refusal: RtmpRefusal | null = null;
  /** Awaited before a door answers. */
  gate: Promise<void> = Promise.resolve();
  /** What is kept of each stream's media; players of ended streams need none of it. */
  keep = 2_000;
  readonly #changed = new Set<() => void>();

  /** How many times a door was asked. */
  asked = 0;

  async publish(target: RtmpTarget) {
    this.#ask();
    await this.gate;
    if (this.refusal !== null) return { kind: 'refused', refusal: this.refusal } as const;
    const stream: HubStream = { target, publishing: null, media: [], ends: [], cause: null, players: new Set() };
    return {
      kind: 'accepted',
      sink: {
        onMedia: (media: RtmpMedia) => {
          if (stream.media.length < this.keep) stream.media.push(media);
          const bytes = frame(media);
          for (const player of stream.players) player.socket.write(bytes);
          this.#tell();
        },
        onEnd: (reason: string, cause?: PublishEnd) => {
          stream.ends.push(reason);
          stream.cause = cause ?? null;
          for (const player of stream.players) player.socket.end('source-ended');
          this.#tell();
        },
      },
      started: (publishing: Publishing) => {
        stream.publishing = publishing;
        this.streams.push(stream);
        this.#tell();
      },
    } as const;
  }

  async play(target: RtmpTarget) {
    this.#ask();
    await this.gate;
    const stream = this.streams.find((one) => one.target.stream === target.stream && one.ends.length === 0);
    if (this.refusal !== null || stream === undefined) {
      const refusal: RtmpRefusal = this.refusal ?? {
        code: 'NetStream.Play.StreamNotFound',
        description: 'No such stream.',
      };
      return { kind: 'refused', refusal } as const;
    }
    return {
      kind: 'accepted',
      started: (playing: Playing) => {
        this.plays.push(target);
        for (const media of stream.media) playing.socket.write(frame(media));
        stream.players.add(playing);
        playing.onClosed(() => {
          stream.players.delete(playing);
          this.#tell();
        });
        this.#tell();
      },
    } as const;
  }

  /** Resolves when the condition holds; looked at after every event. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      await new Promise<void>((resolve) => {
        const once = (): void => {
          this.#changed.delete(once);
          resolve();
        };
        this.#changed.add(once);
      });
    }
  }

  #ask(): void {
    this.asked += 1;
    this.#tell();
  }

  #tell(): void {
    for (const listener of [...this.#changed]) listener();
  }
}

function frame(media: RtmpMedia): Uint8Array {
  return encodeMessage(
    CHUNK_STREAM[media.kind],
    TYPES[media.kind],
    MESSAGE_STREAM,
    media.timestamp,
    media.payload,
    OUTGOING_CHUNK_BYTES,
  );
}
