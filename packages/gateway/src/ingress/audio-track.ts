/** The phone's sound as the participant's microphone track: AAC to Opus in a codec process, to RTP (RFC 7587). */
import type { AacInput, CodecJob, OpusOutput } from '../codec/types.ts';
import type { AudioConfig, AudioFrame } from '../stream/types.ts';
import { OPUS_PACKET_SAMPLES, type SourceTimeline } from '../timeline/source-timeline.ts';
import { BackOff } from './back-off.ts';
import { Publishing } from './publishing.ts';
import type { IngressOptions } from './types.ts';

const FIRST_RETRY_MS = 100;
const MAX_RETRY_MS = 10_000;

export class AudioTrack {
  readonly #options: IngressOptions;
  readonly #timeline: SourceTimeline;
  readonly #publishing: Publishing;
  readonly #onFirstPacket: () => void;
  readonly #backOff = new BackOff(FIRST_RETRY_MS, MAX_RETRY_MS);
  #config: AudioConfig | null = null;
  #job: CodecJob<AacInput> | null = null;
  /** Raised with every job and every end of one. */
  #generation = 0;
  #openedAt = 0;
  #troubled = false;
  #reported = false;
  /** First sample of the packet sent last. */
  #lastPlace = Number.NEGATIVE_INFINITY;
  #closed = false;

  /** @param onFirstPacket told after the first one: it is time for a report. */
  constructor(options: IngressOptions, timeline: SourceTimeline, onFirstPacket: () => void) {
    this.#options = options;
    this.#timeline = timeline;
    this.#onFirstPacket = onFirstPacket;
    this.#publishing = new Publishing({
      session: options.session,
      kind: 'audio',
      clock: options.clock,
      onReady: () => {},
      onRefused: (detail) => options.onTrouble({ kind: 'not-published', track: 'audio', detail }),
      onKeyframeNeeded: () => {},
      onMutedByServer: (muted) => {
        this.#switched(muted);
        options.onMutedByServer('audio', muted);
      },
    });
  }

  configure(config: AudioConfig): void {
    if (this.#config !== null && sameBytes(this.#config.asc, config.asc)) return;
    this.#config = config;
    this.#endJob();
    this.#open();
  }

  frame(frame: AudioFrame): void {
    if (this.#publishing.muted) return;
    if (this.#job === null) this.#open();
    const place = this.#timeline.audioPlace(this.#timeline.at(frame.timestampMs));
    this.#job?.write({ data: frame.data, place });
  }

  setMuted(muted: boolean): void {
    if (muted === this.#publishing.muted) return;
    this.#publishing.setMuted(muted);
    this.#switched(muted);
  }

  tick(): void {
    this.#publishing.tick();
  }

  report(ntpMs: number, timestamp: number): void {
    if (this.#reported && !this.#publishing.muted) this.#publishing.publication?.report(ntpMs, timestamp);
  }

  close(): void {
    this.#closed = true;
    this.#endJob();
    this.#publishing.close();
  }

  /** Nobody hears it: nothing is transcoded either. */
  #switched(muted: boolean): void {
    if (muted) this.#endJob();
  }

  #open(): void {
    const { codecs, clock } = this.#options;
    const config = this.#config;
    if (config === null || this.#closed || this.#publishing.muted || !this.#backOff.ready(clock())) return;
    const generation = ++this.#generation;
    this.#openedAt = clock();
    this.#job = codecs.openAacToOpus(config.asc, {
      onOutput: (output) => {
        if (generation === this.#generation) this.#output(output);
      },
      onEnd: (reason) => {
        if (generation === this.#generation) this.#ended(reason);
      },
    });
    if (generation !== this.#generation) this.#job = null;
    else if (this.#job === null) this.#failed(codecs.unavailable ?? 'no place left for another stream');
    else this.#publishing.want(0, 0);
  }

  #endJob(): void {
    const job = this.#job;
    this.#job = null;
    this.#generation++;
    job?.close();
  }

  #ended(reason: 'crashed' | 'undecodable' | 'refused'): void {
    this.#job = null;
    this.#generation++;
    this.#failed(
      reason === 'crashed'
        ? 'the codec process died'
        : reason === 'undecodable'
          ? 'the sound cannot be decoded'
          : 'the codec process took no more streams',
      reason !== 'crashed',
    );
  }

  /** @param final whether to say so at once; a process that died once is back before anybody asks. */
  #failed(detail: string, final = true): void {
    this.#backOff.failed(this.#options.clock());
    if (this.#troubled || !(final || this.#backOff.failures > 1)) return;
    this.#troubled = true;
    this.#options.onTrouble({ kind: 'no-audio-codec', detail });
  }

  #output(output: OpusOutput): void {
    // A job that has held is over its trouble; one more that dies soon is the same trouble still.
    if (this.#troubled && this.#options.clock() - this.#openedAt > MAX_RETRY_MS) this.#troubled = false;
    const publication = this.#publishing.publication;
    if (publication === null || this.#publishing.muted) return;
    // A job opened anew may begin a little before the end of the one before it: time never goes back.
    const { place } = output;
    const gap = place - this.#lastPlace;
    if (gap < OPUS_PACKET_SAMPLES - TOLERANCE_SAMPLES) return;
    this.#lastPlace = place;
    // RFC 3551 §4.1: the marker stands on the first packet after a time without any.
    const marker = gap > OPUS_PACKET_SAMPLES + TOLERANCE_SAMPLES;
    publication.send(output.data, this.#timeline.audioTimestamp(place), marker, output.level);
    if (this.#reported) return;
    this.#reported = true;
    this.#onFirstPacket();
  }
}

/** A quarter of a packet: overlap that is no repetition, and distance that is no gap. */
const TOLERANCE_SAMPLES = OPUS_PACKET_SAMPLES / 4;

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
