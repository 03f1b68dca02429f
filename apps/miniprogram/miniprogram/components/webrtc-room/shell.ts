import type { Pusher } from '../../core/ports.ts';
import { RoomController } from '../../core/room/controller.ts';
import type { RoomView } from '../../core/view/room-view.ts';
import {
  clientInfo,
  onNetworkBack,
  openSocket,
  type PusherContext,
  post,
  pusherContext,
  systemClock,
} from '../../platform/wx.ts';

/** What the shell needs of its component. */
export interface ShellHost {
  setData(data: { readonly view?: RoomView; readonly pushUrl?: string }, done?: () => void): void;
  triggerEvent(name: string, detail: object): void;
}

/** live-pusher answers `stop` late, or never when it was taken out meanwhile, ms. */
const STOP_MS = 2_000;
const DISCONNECTED = -1307;

/**
 * Joins one component and one controller. Events go out one microtask later, in their order: so nothing that a page does in
 * answer runs in the midst of an observer. Changes of the view are drawn together.
 */
export class RoomShell {
  readonly controller: RoomController;
  readonly #host: ShellHost;
  readonly #offNetwork: () => void;
  #context: PusherContext | null = null;
  #drawn = '';
  #told = '';
  #drawing = false;
  #detached = false;
  #url = '';
  #starts = 0;

  constructor(host: ShellHost) {
    this.#host = host;
    const pusher: Pusher = {
      start: (url) => this.#start(url),
      stop: () => this.#stop(),
      pause: () => this.#context?.pause(),
      resume: () => this.#context?.resume(),
      switchCamera: () => this.#context?.switchCamera(),
    };
    const ports = { clock: systemClock, post, openSocket, pusher, client: clientInfo() };
    this.controller = new RoomController(ports, {
      changed: () => this.#draw(),
      room: (event) => this.#tell('RoomEvent', event),
      im: (event) => this.#tell('IMEvent', event),
      pusher: (event) => this.#tell('PusherEvent', event),
      tickets: (reason, expiresAt) => this.#tell('TicketEvent', { reason, expiresAt }),
    });
    this.#offNetwork = onNetworkBack(() => this.controller.networkChanged());
  }

  /** The component was taken out of the page. */
  detach(): void {
    this.controller.dispose();
    this.#detached = true;
    this.#offNetwork();
  }

  #start(url: string): void {
    const start = ++this.#starts;
    this.#url = url;
    this.#draw();
    // The callback runs when live-pusher is in the page and has its URL.
    this.#host.setData({ view: this.controller.view(), pushUrl: url }, () => {
      if (this.#detached || this.#url !== url) return;
      this.#context ??= pusherContext();
      this.#context.start((why) => {
        // An older start that fails late says nothing of the push that runs now.
        if (start === this.#starts && this.#url === url) this.controller.onPusher(DISCONNECTED, why);
      });
    });
  }

  #stop(): Promise<void> {
    this.#url = '';
    const context = this.#context;
    this.#context = null;
    if (context === null) return Promise.resolve();
    return new Promise((resolve) => {
      const cancel = systemClock.after(STOP_MS, resolve);
      context.stop(() => {
        cancel();
        resolve();
      });
    });
  }

  #tell(name: string, detail: object): void {
    void Promise.resolve().then(() => {
      if (!this.#detached) this.#host.triggerEvent(name, detail);
    });
  }

  #draw(): void {
    if (this.#drawing) return;
    this.#drawing = true;
    void Promise.resolve().then(() => {
      this.#drawing = false;
      if (this.#detached) return;
      const view = this.controller.view();
      const drawn = JSON.stringify(view);
      if (drawn !== this.#drawn) {
        this.#drawn = drawn;
        this.#host.setData({ view });
      }
      const status = this.controller.status();
      const told = JSON.stringify(status);
      if (told === this.#told) return;
      this.#told = told;
      this.#host.triggerEvent('StateEvent', status);
    });
  }
}
