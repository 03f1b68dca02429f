/** The control plane on its own: everything of an engine but the packets. */
import type { Logger } from 'pino';
import { toEngineEvent } from '../api/events.ts';
import { RoomService } from '../api/room-service.ts';
import { WebhookSender } from '../api/webhooks.ts';
import type { EngineConfig } from '../config.ts';
import type { ApiRequest, EngineEvent, PlainAnswer, SignalAdmission, SignalRequest } from '../port/types.ts';
import type { ConnectionFactory, EngineContext } from '../room/context.ts';
import { RoomManager } from '../room/manager.ts';
import { Admission } from './admission.ts';
import { Revocations } from './revocations.ts';
import { TokenAuthority } from './token.ts';

export interface ControlOptions {
  readonly config: EngineConfig;
  readonly createConnection: ConnectionFactory;
  /** Monotonic milliseconds. */
  readonly clock: () => number;
  /** Unix milliseconds. */
  readonly wallClock: () => number;
  readonly log: Logger;
}

export class ControlPlane {
  readonly manager: RoomManager;
  readonly #admission: Admission;
  readonly #api: RoomService;
  readonly #webhooks: WebhookSender;
  readonly #revocations: Revocations;
  readonly #listeners: ((event: EngineEvent) => void)[] = [];
  #stopping = false;

  constructor(options: ControlOptions) {
    const { config, clock, wallClock, log } = options;
    const tokens = new TokenAuthority(config.keys);
    this.#revocations = new Revocations(wallClock);
    this.#webhooks = new WebhookSender({ ...config.webhooks, queue: config.limits.webhookQueue }, tokens, log);
    const context: EngineContext = {
      config,
      clock,
      wallClock,
      createConnection: options.createConnection,
      tokens,
      isRevoked: (room, identity) => this.#revocations.has(room, identity),
      emit: (event) => {
        const engineEvent = toEngineEvent(event, wallClock());
        for (const listener of this.#listeners) listener(engineEvent);
        this.#webhooks.send(engineEvent.json);
      },
      log,
    };
    this.manager = new RoomManager(context);
    this.#admission = new Admission(context, this.manager);
    this.#api = new RoomService(context, this.manager);
  }

  async openSignal(request: SignalRequest): Promise<SignalAdmission> {
    if (this.#stopping) return { kind: 'refused', answer: STOPPING };
    return this.#admission.open(request);
  }

  /** A participant of this process: `join` is a `livekit.JoinRequest`, its connection comes from the factory given. */
  async openLocal(token: string, join: Uint8Array, createConnection: ConnectionFactory): Promise<SignalAdmission> {
    if (this.#stopping) return { kind: 'refused', answer: STOPPING };
    return this.#admission.openLocal(token, join, createConnection);
  }

  async validate(request: SignalRequest): Promise<PlainAnswer> {
    return this.#stopping ? STOPPING : this.#admission.validate(request);
  }

  async callApi(request: ApiRequest): Promise<PlainAnswer> {
    return this.#stopping ? STOPPING : this.#api.call(request);
  }

  setRevocation(room: string, identity: string, until: number | null): void {
    this.#revocations.set(room, identity, until);
  }

  onEvent(listener: (event: EngineEvent) => void): void {
    this.#listeners.push(listener);
  }

  tick(now: number): void {
    this.manager.tick(now);
  }

  /** Sends everybody away to come back, then waits for the webhooks until the deadline. */
  async stop(deadlineMs: number): Promise<void> {
    this.#stopping = true;
    this.manager.stop();
    let timer: NodeJS.Timeout | undefined;
    const deadline = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, deadlineMs);
    });
    await Promise.race([this.#webhooks.drained(), deadline]);
    clearTimeout(timer);
    this.#webhooks.stop();
  }
}

const STOPPING: PlainAnswer = {
  status: 503,
  contentType: 'text/plain; charset=utf-8',
  body: 'the server is stopping',
};
