/**
 * Where the time of sound goes, in one process with the real codec processes: waiting for order, filling a frame of the
 * encoder, encoding. Told for the first sample of every frame that comes out, which waits longest.
 */
import { createCodecPool } from '../../packages/gateway/src/codec/index.ts';
import type { AacInput, CodecPool, OpusInput } from '../../packages/gateway/src/codec/types.ts';
import { codecLimitsSchema, egressLimitsSchema, ingressLimitsSchema } from '../../packages/gateway/src/config.ts';
import { createEgress } from '../../packages/gateway/src/egress/egress.ts';
import { createUnitReader } from '../../packages/gateway/src/flv/unit-reader.ts';
import { createIngress } from '../../packages/gateway/src/ingress/ingress.ts';
import type { LinkSession, SubscriptionSink } from '../../packages/gateway/src/link/types.ts';
import { type Clip, playClip } from './clip.ts';
import { median } from './report.ts';

export interface AudioSplit {
  readonly jitterBuffer: number;
  readonly framing: number;
  readonly encoder: number;
}

interface Written {
  readonly place: number;
  readonly samples: number;
  readonly arrived: number;
  readonly written: number;
}

/** Follows what is written to a job and what comes out of it. */
class Follower {
  readonly #written: Written[] = [];
  readonly #rows: AudioSplit[] = [];
  readonly #frameSamples: number;

  constructor(frameSamples: number) {
    this.#frameSamples = frameSamples;
  }

  write(place: number, samples: number, arrived: number): void {
    this.#written.push({ place, samples, arrived, written: performance.now() });
    if (this.#written.length > 200) this.#written.shift();
  }

  output(place: number): void {
    const first = this.#holding(place);
    const last = this.#holding(place + this.#frameSamples - 1);
    if (first === undefined || last === undefined) return;
    this.#rows.push({
      jitterBuffer: first.written - first.arrived,
      framing: last.written - first.written,
      encoder: performance.now() - last.written,
    });
  }

  get medians(): AudioSplit {
    // The codecs' start is no part of a call's delay.
    const rows = this.#rows.slice(50);
    const of = (key: keyof AudioSplit) => median(rows.map((row) => row[key]));
    return { jitterBuffer: of('jitterBuffer'), framing: of('framing'), encoder: of('encoder') };
  }

  #holding(place: number): Written | undefined {
    return this.#written.findLast((one) => one.place <= place && place < one.place + one.samples);
  }
}

/** @param opus packets of 20 ms. */
export async function splitAudio(
  clip: Clip,
  opus: readonly Uint8Array[],
  seconds: number,
): Promise<{ readonly toPhones: AudioSplit; readonly fromPhones: AudioSplit }> {
  const codecs = await createCodecPool({ limits: codecLimitsSchema.parse({}) });
  if (codecs.unavailable !== null) throw new Error(codecs.unavailable);
  const arrivals = new WeakMap<Uint8Array, number>();
  const down = new Follower(1_024);
  const up = new Follower(960);
  const watched: CodecPool = {
    ...codecs,
    unavailable: null,
    jobs: codecs.jobs,
    processes: () => codecs.processes(),
    close: () => codecs.close(),
    openBridge: () => null,
    openVideoToH264: () => null,
    openOpusToAac: (options, sink) => {
      const job = codecs.openOpusToAac(options, {
        ...sink,
        onOutput: (output) => {
          down.output(output.place);
          sink.onOutput(output);
        },
        onEnd: (reason) => sink.onEnd(reason),
      });
      if (job === null) return null;
      return {
        write: (input: OpusInput) => {
          const arrived = input.data === null ? performance.now() : (arrivals.get(input.data) ?? performance.now());
          down.write(input.place, input.samples, arrived);
          job.write(input);
        },
        close: () => job.close(),
      };
    },
    openAacToOpus: (asc, sink) => {
      const job = codecs.openAacToOpus(asc, {
        onOutput: (output) => {
          up.output(output.place);
          sink.onOutput(output);
        },
        onEnd: (reason) => sink.onEnd(reason),
      });
      if (job === null) return null;
      return {
        write: (input: AacInput) => {
          up.write(input.place, (1_024 * 48_000) / 44_100, arrivals.get(input.data) ?? performance.now());
          job.write(input);
        },
        close: () => job.close(),
      };
    },
  };
  let sink: SubscriptionSink | null = null;
  const session: LinkSession = {
    identity: 'bench',
    sid: 'PA_bench',
    room: 'bench',
    publish: async ({ kind }) => ({
      sid: kind,
      send: () => {},
      report: () => {},
      setMuted: () => {},
      unpublish: () => {},
    }),
    subscribe: (trackSid, given) => {
      sink = given;
      return { trackSid, mimeType: 'audio/opus', requestKeyframe: () => {}, nack: () => {}, close: () => {} };
    },
    sendChat: () => {},
    leave: async () => {},
  };
  const clock = () => performance.now();
  const egress = createEgress({
    session,
    codecs: watched,
    limits: egressLimitsSchema.parse({}),
    sink: { write: () => {} },
    clock,
    onTrouble: (trouble) => console.error(trouble),
  });
  const ingress = createIngress({
    session,
    codecs: watched,
    limits: ingressLimitsSchema.parse({}),
    clock,
    wallClock: Date.now,
    group: () => [],
    onTrouble: (trouble) => console.error(trouble),
    onMutedByServer: () => {},
  });
  const reader = createUnitReader();
  const audio = { kind: 'audio', muted: false, encrypted: false, width: 0, height: 0 } as const;
  egress.add({ ...audio, sid: 'TR_audio', source: 'microphone', mimeType: 'audio/opus' });
  const began = clock();
  let next = 0;
  const timer = setInterval(() => {
    egress.tick();
    ingress.tick();
    for (; next * 20 <= clock() - began; next++) {
      const payload = Uint8Array.from(opus[next % opus.length]!);
      const now = clock();
      arrivals.set(payload, now);
      sink?.onRtp({ payload, sequence: next & 0xffff, timestamp: (next * 960) >>> 0, marker: false }, now);
    }
  }, 2);
  const stop = playClip(clip, (tag) => {
    const now = clock();
    const reading = reader.read({ kind: tag.kind, timestamp: tag.timestamp >>> 0, payload: tag.payload }, now);
    if (reading.kind === 'refused') throw new Error(`refused: ${reading.code}`);
    for (const unit of reading.units) {
      if (unit.kind === 'audio') arrivals.set(unit.data, now);
      ingress.write(unit);
    }
  });
  await new Promise((resolve) => setTimeout(resolve, seconds * 1_000));
  stop();
  clearInterval(timer);
  egress.close();
  ingress.close();
  await codecs.close();
  return { toPhones: down.medians, fromPhones: up.medians };
}
