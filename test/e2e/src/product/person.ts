import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { type Browser, chromium, type Locator, type Page } from 'playwright-core';
import { CHROMIUM_ARGS, chromiumPath } from '../browsers/chromium.ts';
import { isColor, withFacts } from '../client.ts';
import type { Rgb, Source, StatsRow } from '../harness-api.ts';
import { type WaitOptions, waitFor } from '../wait.ts';
import type { WatchApi } from '../watch-api.ts';
import { type FakeMedia, makeFakeMedia } from './fake-media.ts';
import type { OpenApiCheck } from './openapi.ts';

/** One call of the page to the server, as it came back. */
export interface SeenAnswer {
  /** `webrtc-enter-room`, `roomsig` … */
  readonly step: string;
  readonly status: number;
  readonly request: Readonly<Record<string, unknown>>;
  readonly url: string;
  readonly authorization: string;
  readonly body: Readonly<Record<string, unknown>>;
}

let watchScript: Promise<string> | null = null;

/** The script that the pages of the product are watched with. */
export function watchBundle(): Promise<string> {
  watchScript ??= build({
    entryPoints: [fileURLToPath(new URL('../../pages/watch.ts', import.meta.url))],
    bundle: true,
    write: false,
    format: 'iife',
    target: 'es2022',
    logLevel: 'error',
  }).then((result) => result.outputFiles[0]?.text ?? '');
  return watchScript;
}

/** Whom a person may see and hear: another one, or a member on another client. */
export interface Publisher {
  readonly name: string;
  readonly color: Rgb;
  readonly tone: number;
  identity(): Promise<string>;
}

/** Somebody with a browser of his own, whose camera and microphone play files. */
export class Person implements Publisher {
  readonly name: string;
  readonly color: Rgb;
  readonly tone: number;
  readonly answers: SeenAnswer[] = [];
  /** Paths of the signal WebSockets, as they were opened. */
  readonly sockets: string[] = [];
  readonly #baseUrl: string;
  readonly #browser: Browser;
  readonly #media: FakeMedia;
  readonly #openApi: OpenApiCheck;
  #page: Page | null = null;

  static async arrive(
    baseUrl: string,
    openApi: OpenApiCheck,
    traits: { readonly name: string; readonly color: Rgb; readonly tone: number },
  ): Promise<Person> {
    const media = await makeFakeMedia(traits.color, traits.tone);
    const browser = await chromium.launch({
      executablePath: chromiumPath(),
      args: [
        ...CHROMIUM_ARGS,
        `--use-file-for-fake-video-capture=${media.video}`,
        `--use-file-for-fake-audio-capture=${media.audio}`,
      ],
    });
    return new Person(baseUrl, openApi, traits, browser, media);
  }

  private constructor(
    baseUrl: string,
    openApi: OpenApiCheck,
    traits: { readonly name: string; readonly color: Rgb; readonly tone: number },
    browser: Browser,
    media: FakeMedia,
  ) {
    this.#baseUrl = baseUrl;
    this.#openApi = openApi;
    this.#browser = browser;
    this.#media = media;
    this.name = traits.name;
    this.color = traits.color;
    this.tone = traits.tone;
  }

  get page(): Page {
    if (this.#page === null) throw new Error(`${this.name} has no page open`);
    return this.#page;
  }

  at(testId: string): Locator {
    return this.page.getByTestId(testId);
  }

  /** A new page in a context of its own: a stranger to the server. */
  async open(path = '/'): Promise<void> {
    await this.#page?.context().close();
    this.answers.length = 0;
    this.sockets.length = 0;
    const context = await this.#browser.newContext({
      locale: 'en-US',
      viewport: { width: 1200, height: 800 },
      permissions: ['camera', 'microphone'],
      // A certificate of `lianmai cert`, whose authority this browser does not know.
      ignoreHTTPSErrors: this.#baseUrl.startsWith('https:'),
    });
    await context.addInitScript(await watchBundle());
    const page = await context.newPage();
    this.#page = page;
    page.on('websocket', (socket) => this.sockets.push(new URL(socket.url()).pathname));
    page.on('response', (response) => {
      const url = new URL(response.url());
      const step =
        /^\/functions\/([\w-]+)$/.exec(url.pathname)?.[1] ?? (url.pathname.startsWith('/v4/') ? 'roomsig' : '');
      const request = response.request();
      if (step === '' || request.method() !== 'POST') return;
      response.json().then(
        (body: Readonly<Record<string, unknown>>) => {
          this.#openApi.check('post', url.pathname, response.status(), body);
          this.answers.push({
            step,
            status: response.status(),
            request: request.postDataJSON() as Readonly<Record<string, unknown>>,
            url: url.pathname + url.search,
            authorization: request.headers()['authorization'] ?? '',
            body,
          });
        },
        () => {
          // The page went away while the answer was under way.
        },
      );
    });
    await this.goto(path);
  }

  async goto(path: string): Promise<void> {
    const url = new URL(path, this.#baseUrl);
    url.searchParams.set('debug', '1');
    await this.page.goto(url.href);
  }

  /** From the lobby: makes a room and goes in. Answers its number. */
  async createRoom(roomName: string): Promise<string> {
    await this.at('create-name').fill(roomName);
    await this.at('create-submit').click();
    await this.goIn();
    await this.page.waitForURL(/\/r\/\d+/);
    return /\/r\/(\d+)/.exec(this.page.url())?.[1] ?? '';
  }

  /** From the lobby: joins by number. */
  async joinByNumber(roomId: string): Promise<void> {
    await this.at('join-number').fill(roomId);
    await this.at('join-submit').click();
    await this.goIn();
  }

  /** From the pre-join page into the room. */
  async goIn(): Promise<void> {
    await this.at('prejoin').waitFor();
    await this.at('display-name').fill(this.name);
    await this.at('prejoin-join').click();
    // What stands there instead tells why.
    await waitFor(
      `${this.name}: in the room`,
      async () => ({
        room: await this.at('room').count(),
        failure: await this.at('failure')
          .getAttribute('data-reason', { timeout: 1 })
          .catch(() => null),
        last: this.answers.at(-1)?.step,
        sockets: this.sockets.length,
      }),
      ({ room }) => room > 0,
      { timeout: 60_000 },
    );
  }

  async watch<K extends keyof WatchApi>(
    name: K,
    ...args: Parameters<WatchApi[K]>
  ): Promise<Awaited<ReturnType<WatchApi[K]>>> {
    const values = args.map((value) => JSON.stringify(value)).join(', ');
    return (await this.page.evaluate(`watch.${name}(${values})`)) as Awaited<ReturnType<WatchApi[K]>>;
  }

  identity(): Promise<string> {
    return this.watch('identity');
  }

  async expectPicture(of: Publisher, options: WaitOptions & { source?: Source; color?: Rgb } = {}): Promise<void> {
    const identity = await of.identity();
    const source = options.source ?? 'camera';
    const color = options.color ?? of.color;
    let first: { readonly frames: number; readonly mark: number } | null = null;
    await this.#withFacts(() =>
      waitFor(
        `${this.name}: ${of.name}'s ${source} in ${color.join(',')}, moving`,
        () => this.watch('look', identity, source),
        (seen) => {
          if (seen === null || !isColor(seen.color, color)) return false;
          // Another element after a new start counts anew.
          if (first === null || seen.frames < first.frames) first = seen;
          return seen.frames >= first.frames + 3 && Math.abs(seen.mark - first.mark) > 0.03;
        },
        options,
      ),
    );
  }

  async expectTone(of: Omit<Publisher, 'color'>, options: WaitOptions = {}): Promise<void> {
    const identity = await of.identity();
    await this.#withFacts(() =>
      waitFor(
        `${this.name}: ${of.name}'s tone of ${of.tone} Hz`,
        () => this.watch('listen', identity),
        (heard) => heard !== null && Math.abs(heard.peak - of.tone) <= 15 && heard.level > -75,
        options,
      ),
    );
  }

  /** Waits until nothing has been heard of somebody for longer than a pause of his tone. */
  async expectSilence(of: Pick<Publisher, 'name' | 'identity'>): Promise<void> {
    const identity = await of.identity();
    let quiet = 0;
    await waitFor(
      `${this.name}: silence from ${of.name}`,
      () => this.watch('listen', identity),
      (heard) => {
        quiet = heard === null || heard.level < -85 ? quiet + 1 : 0;
        return quiet >= 12;
      },
      { interval: 100 },
    );
  }

  /**
   * Waits until the camera is sent in this codec (`video/h264`) and in no other, and the server reports that it comes. A page
   * that changes over to what phones show withdraws its camera for that: where this takes long, players that have begun
   * before it is through are ended, and must begin anew.
   */
  async waitForCodec(mimeType: string): Promise<void> {
    await waitFor(
      `${this.name}: ${mimeType} alone is sent, and arrives`,
      async () => ({ sent: await this.watch('codecs'), reported: reportedCodecs(await this.watch('stats')) }),
      ({ sent, reported }) =>
        sent.length > 0 && sent.every((codec) => codec === mimeType) && reported.includes(mimeType),
      { timeout: 40_000 },
    );
  }

  /** The reason that the failure page shows. */
  async failure(options: WaitOptions = {}): Promise<string> {
    const shown = await waitFor(
      `${this.name}: a failure page`,
      async () => {
        const page = this.at('failure');
        return (await page.count()) > 0 ? await page.first().getAttribute('data-reason') : null;
      },
      (reason) => reason !== null,
      options,
    );
    return shown ?? '';
  }

  lastAnswer(step: string): SeenAnswer {
    const found = this.answers.findLast((answer) => answer.step === step);
    if (found === undefined) throw new Error(`${this.name} has no answer of ${step}`);
    return found;
  }

  /** Switches camera or microphone on again, once the page knows that somebody else has switched it off. */
  async switchOn(device: 'camera' | 'mic'): Promise<void> {
    await this.page.locator(`[data-testid="toggle-${device}"][data-lk-enabled="false"]`).waitFor();
    await this.at(`toggle-${device}`).click();
  }

  async crash(): Promise<void> {
    const { page } = this;
    const crashed = page.waitForEvent('crash');
    // The navigation never ends: the renderer dies on it.
    page.goto('chrome://crash').catch(() => {});
    await crashed;
  }

  async leave(): Promise<void> {
    await this.#browser.close();
    await this.#media.remove();
  }

  #withFacts<T>(work: () => Promise<T>): Promise<T> {
    return withFacts(work, () => this.watch('stats'));
  }
}

/** Codecs of the pictures of which the server has sent reception reports (RFC 3550 §6.4.2). */
function reportedCodecs(rows: readonly StatsRow[]): readonly string[] {
  return rows
    .filter(({ type, kind }) => type === 'remote-inbound-rtp' && kind === 'video')
    .map(({ codec }) => codec.toLowerCase());
}
