import type {
  ConnectSpec,
  HarnessApi,
  HarnessEvent,
  Look,
  ParticipantState,
  Rgb,
  RoomState,
  Sound,
  Source,
  StatsRow,
} from './harness-api.ts';
import type { Target } from './targets/types.ts';
import { type TokenSpec, tokenFor } from './tokens.ts';
import { type WaitOptions, waitFor } from './wait.ts';

/** A page with the harness in it, whatever drives the browser. */
export interface HarnessPage {
  evaluate(expression: string): Promise<unknown>;
  close(): Promise<void>;
}

export interface JoinSpec extends TokenSpec {
  readonly room: string;
  readonly identity: string;
  /** `RoomOptions` besides. */
  readonly options?: Readonly<Record<string, unknown>>;
  readonly connect?: Readonly<Record<string, unknown>>;
  /** Another signal URL than the target's: a proxy before it. */
  readonly url?: string;
  readonly mediaPort?: number;
}

const silence = -70;

/** One participant in a page of its own: the harness with the waiting that tests need. */
export class Client {
  readonly identity: string;
  readonly #page: HarnessPage;

  constructor(page: HarnessPage, identity: string) {
    this.#page = page;
    this.identity = identity;
  }

  /** Calls one function of the harness in the page. */
  async call<K extends keyof HarnessApi>(
    name: K,
    ...args: Parameters<HarnessApi[K]>
  ): Promise<Awaited<ReturnType<HarnessApi[K]>>> {
    const values = args.map((value) => (value === undefined ? 'undefined' : JSON.stringify(value))).join(', ');
    return (await this.#page.evaluate(`harness.${name}(${values})`)) as Awaited<ReturnType<HarnessApi[K]>>;
  }

  async join(target: Target, spec: JoinSpec): Promise<RoomState> {
    const token = await tokenFor(target, spec);
    const connect: ConnectSpec = {
      url: spec.url ?? target.wsUrl,
      token,
      ...(spec.options === undefined ? {} : { room: spec.options }),
      ...(spec.connect === undefined ? {} : { connect: spec.connect }),
      ...(spec.mediaPort === undefined ? {} : { mediaPort: spec.mediaPort }),
    };
    return this.call('connect', connect);
  }

  state(): Promise<RoomState> {
    return this.call('state');
  }

  /** How the participant appears here; undefined when it does not. */
  async sees(identity: string): Promise<ParticipantState | undefined> {
    return (await this.state()).remote.find((one) => one.identity === identity);
  }

  waitForState(what: string, accept: (state: RoomState) => boolean, options?: WaitOptions): Promise<RoomState> {
    return waitFor(`${this.identity}: ${what}`, () => this.state(), accept, options);
  }

  /** Waits for an event; `after` is the number of events to skip. */
  async waitForEvent(
    type: string,
    accept: (event: HarnessEvent) => boolean = () => true,
    options: WaitOptions & { readonly after?: number } = {},
  ): Promise<HarnessEvent> {
    const after = options.after ?? 0;
    const find = (events: readonly HarnessEvent[]) =>
      events.find((event) => event.n >= after && event.type === type && accept(event));
    const events = await waitFor(
      `${this.identity}: event ${type}`,
      () => this.call('events'),
      (all) => find(all) !== undefined,
      options,
    );
    const found = find(events);
    if (found === undefined) throw new Error(`event ${type} vanished`);
    return found;
  }

  async eventCount(): Promise<number> {
    return (await this.call('events')).length;
  }

  async eventsOf(type: string): Promise<HarnessEvent[]> {
    return (await this.call('events')).filter((event) => event.type === type);
  }

  /** Waits until the picture of somebody has the colour and moves: two different frames with the mark in two places. */
  async expectPicture(
    identity: string,
    color: Rgb,
    options: WaitOptions & { readonly source?: Source } = {},
  ): Promise<Look> {
    const source = options.source ?? 'camera';
    let first: Look | null = null;
    const accept = (seen: Look | null) => {
      if (seen === null || !isColor(seen.color, color)) return false;
      // Another element after a new start counts anew.
      if (first === null || seen.frames < first.frames) first = seen;
      return seen.frames >= first.frames + 5 && Math.abs(seen.mark - first.mark) > 0.03;
    };
    return this.#withStats(async () => {
      const seen = await waitFor(
        `${this.identity}: a moving picture in ${color.join(',')} from ${identity}'s ${source}`,
        () => this.call('look', identity, source),
        accept,
        options,
      );
      return seen as Look;
    });
  }

  /** Waits until the tone of somebody is heard. */
  async expectTone(
    identity: string,
    hz: number,
    options: WaitOptions & { readonly source?: Source } = {},
  ): Promise<Sound> {
    const source = options.source ?? 'microphone';
    return this.#withStats(async () => {
      const heard = await waitFor(
        `${this.identity}: ${hz} Hz from ${identity}'s ${source}`,
        () => this.call('listen', identity, source),
        (sound) => sound !== null && Math.abs(sound.peak - hz) <= 15 && sound.level > silence,
        options,
      );
      return heard as Sound;
    });
  }

  /** Waits until nothing is heard of somebody (who may be gone altogether). */
  async expectSilence(identity: string, options: WaitOptions = {}): Promise<void> {
    await waitFor(
      `${this.identity}: silence from ${identity}`,
      () => this.call('listen', identity, 'microphone'),
      (sound) => sound === null || sound.level < silence,
      options,
    );
  }

  /** Waits until rows of `getStats` say so. */
  async waitForStats(
    what: string,
    accept: (rows: readonly StatsRow[]) => boolean,
    options?: WaitOptions,
  ): Promise<readonly StatsRow[]> {
    return await waitFor(`${this.identity}: ${what}`, () => this.call('stats'), accept, options);
  }

  /** Leaves as a closed tab does. */
  async close(): Promise<void> {
    await this.#page.close();
  }

  #withStats<T>(work: () => Promise<T>): Promise<T> {
    return withFacts(
      work,
      () => this.call('stats'),
      () => this.call('events'),
    );
  }
}

/** Puts the streams' statistics and the last events into a failure. */
export async function withFacts<T>(
  work: () => Promise<T>,
  stats: () => Promise<readonly StatsRow[]>,
  events: () => Promise<readonly HarnessEvent[]> = async () => [],
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const rows = await stats().catch(() => []);
    const last = (await events().catch(() => [])).slice(-25);
    const streams = rows.filter((row) => row.type === 'inbound-rtp' || row.type === 'candidate-pair');
    const message = error instanceof Error ? error.message : String(error);
    const facts = `streams: ${JSON.stringify(streams.map(brief))}\nevents: ${JSON.stringify(last)}`;
    throw new Error(`${message}\n${facts}`, { cause: error });
  }
}

/** Whether a decoded colour is the one that was drawn: limited range, subsampling and coding shift it a little. */
export function isColor(seen: Rgb, wanted: Rgb): boolean {
  return seen.every((value, index) => Math.abs(value - (wanted[index] ?? 0)) <= 55);
}

const INTERESTING = [
  'ssrc',
  'trackIdentifier',
  'packetsReceived',
  'bytesReceived',
  'packetsLost',
  'framesDecoded',
  'keyFramesDecoded',
  'framesDropped',
  'pliCount',
  'nackCount',
  'totalAudioEnergy',
  'state',
  'nominated',
];

function brief(row: StatsRow): Record<string, number | string> {
  const values = Object.entries(row.values).filter(([name]) => INTERESTING.includes(name));
  return { type: row.type, kind: row.kind, codec: row.codec, ...Object.fromEntries(values) };
}

/** Sum of one number over the rows of a type. */
export function sumOf(rows: readonly StatsRow[], type: string, kind: string, name: string): number {
  return rows
    .filter((row) => row.type === type && (kind === '' || row.kind === kind))
    .reduce((sum, row) => sum + (typeof row.values[name] === 'number' ? row.values[name] : 0), 0);
}
