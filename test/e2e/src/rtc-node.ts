import { isColor } from './client.ts';
import type { Rgb } from './harness-api.ts';
import type { NodeLook, NodeVideoCodec } from './rtc-node/messages.ts';
import { NodeProcess } from './rtc-node/process.ts';
import type { Target } from './targets/types.ts';
import { type TokenSpec, tokenFor } from './tokens.ts';
import { type WaitOptions, waitFor } from './wait.ts';

export interface NodeJoinSpec extends TokenSpec {
  readonly url?: string;
  /** Default true, as the SDK's. */
  readonly singlePeerConnection?: boolean;
}

/**
 * A participant on `@livekit/rtc-node`: publishes a colour and a tone, and checks those of others. The SDK's native layer
 * lives in a process of its own, so that a crash of it fails the test that met it and nothing else.
 */
export class NodeParticipant {
  readonly identity: string;
  readonly events: string[] = [];
  readonly #process: NodeProcess;

  constructor(identity: string) {
    this.identity = identity;
    this.#process = new NodeProcess(identity, (entry) => this.events.push(entry));
  }

  /** Of the process that the native client lives in. */
  get pid(): number {
    return this.#process.pid;
  }

  async join(target: Target, spec: NodeJoinSpec): Promise<void> {
    await this.connect(spec.url ?? target.wsUrl, await tokenFor(target, spec), spec.singlePeerConnection);
  }

  /** Goes in with a token that somebody else made. */
  async connect(url: string, token: string, singlePeerConnection = true): Promise<void> {
    await this.#process.call('connect', [url, token, singlePeerConnection]);
  }

  /** Publishes a picture in one colour with a moving mark, 15 times a second. */
  async publishVideo(color: Rgb, codec: NodeVideoCodec = 'vp8'): Promise<void> {
    await this.#process.call('publishVideo', [color, codec]);
  }

  /** Publishes a sine. */
  async publishAudio(tone: number): Promise<void> {
    await this.#process.call('publishAudio', [tone]);
  }

  async expectPicture(identity: string, color: Rgb, options: WaitOptions = {}): Promise<void> {
    let first: NodeLook | null = null;
    await waitFor(
      `${this.identity}: a moving picture in ${color.join(',')} from ${identity}`,
      () => this.#process.call('look', [identity]),
      (seen) => {
        if (seen === null || seen.mark < 0 || !isColor(seen.color, color)) return false;
        // Another track after a new start counts anew.
        if (first === null || seen.frames < first.frames) first = seen;
        return seen.frames >= first.frames + 5 && Math.abs(seen.mark - first.mark) > 0.03;
      },
      { interval: 150, ...options },
    );
  }

  async expectTone(identity: string, hz: number, options: WaitOptions = {}): Promise<void> {
    await waitFor(
      `${this.identity}: ${hz} Hz from ${identity}`,
      () => this.#process.call('listen', [identity]),
      (heard) => heard !== null && Math.abs(heard.hz - hz) <= 20,
      options,
    );
  }

  waitForEvent(entry: string, options?: WaitOptions): Promise<readonly string[]> {
    return waitFor(
      `${this.identity}: ${entry}`,
      () => this.events,
      (events) => events.includes(entry),
      options,
    );
  }

  /** Own SID in the room. */
  sid(): Promise<string> {
    return this.#process.call('sid', []);
  }

  /** Cuts the own signalling, which comes back by itself. */
  async reconnectSignal(): Promise<void> {
    await this.#process.call('reconnectSignal', []);
  }

  async sendData(text: string, topic: string): Promise<void> {
    await this.#process.call('sendData', [text, topic]);
  }

  async sendText(text: string, topic: string): Promise<void> {
    await this.#process.call('sendText', [text, topic]);
  }

  rpc(identity: string, method: string, payload: string): Promise<string> {
    return this.#process.call('rpc', [identity, method, payload]);
  }

  /** Leaves; rejects when the client had died by itself. */
  close(): Promise<void> {
    return this.#process.close();
  }
}
