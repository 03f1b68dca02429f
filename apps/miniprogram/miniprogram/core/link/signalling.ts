import type { PhoneEvent, PhoneRequest } from '@lianmai/protocol/phone-signal';
import type { Ports, Socket } from '../ports.ts';
import { parsePhoneEvent } from '../wire/phone-frames.ts';
import type { LinkRequest, Reply } from './link.ts';

export interface SignallingHost {
  event(event: PhoneEvent): void;
  /** The connection is gone, also when it never stood; told once for each `connect`. */
  lost(code: number, reason: string): void;
}

/** Requests of one connection that may wait for a reply. */
const MAX_PENDING = 32;
/** Without a word from the server, ask for one this often until the welcome says how patient it is. */
const DEFAULT_IDLE_MS = 30_000;

interface Pending {
  readonly resolve: (reply: Reply) => void;
  readonly cancel: () => void;
}

/**
 * One signalling WebSocket at a time: frames checked, requests matched with replies, silence noticed. A newer connection
 * leaves the older one behind; what that still says is not heard.
 */
export class Signalling {
  readonly #ports: Ports;
  readonly #answerMs: number;
  readonly #host: SignallingHost;
  #socket: Socket | null = null;
  #generation = 0;
  #idleMs = DEFAULT_IDLE_MS;
  #heardAt = 0;
  #cancelTick: (() => void) | null = null;
  #cancelWelcome: (() => void) | null = null;
  #pending = new Map<number, Pending>();
  #nextId = 1;
  #open = false;

  constructor(ports: Ports, answerMs: number, host: SignallingHost) {
    this.#ports = ports;
    this.#answerMs = answerMs;
    this.#host = host;
  }

  /** Frames can be sent: the server has welcomed us. */
  get open(): boolean {
    return this.#open;
  }

  connect(url: string): void {
    this.close();
    const generation = ++this.#generation;
    const current = () => generation === this.#generation;
    this.#idleMs = DEFAULT_IDLE_MS;
    this.#heardAt = this.#ports.clock.now();
    this.#cancelWelcome = this.#ports.clock.after(this.#answerMs, () => {
      if (current()) this.#drop(1000, 'no welcome');
    });
    this.#socket = this.#ports.openSocket(url, {
      open: () => {},
      message: (text) => {
        if (current()) this.#read(text);
      },
      close: (code, reason) => {
        if (current()) this.#drop(code, reason);
      },
    });
  }

  send(request: PhoneRequest): void {
    if (this.#open) this.#socket?.send(JSON.stringify(request));
  }

  /** Sends a request and resolves with its reply; code −1 when there is none. */
  ask(request: LinkRequest | { readonly type: 'renew' }): Promise<Reply> {
    if (!this.#open) return Promise.resolve({ code: -1, message: 'Not connected. Try again in a moment.' });
    if (this.#pending.size >= MAX_PENDING) {
      return Promise.resolve({ code: -1, message: 'Too many requests at once. Wait a little.' });
    }
    const id = this.#nextId++;
    return new Promise((resolve) => {
      const cancel = this.#ports.clock.after(this.#answerMs, () => {
        this.#settle(id, { code: -1, message: 'The server did not answer in time.' });
      });
      this.#pending.set(id, { resolve, cancel });
      this.#socket?.send(JSON.stringify({ ...request, id }));
    });
  }

  /** Asks for a sign of life and takes the connection for lost when none comes soon. */
  probe(): void {
    if (!this.#open) return;
    const generation = this.#generation;
    const asked = this.#ports.clock.now();
    this.send({ type: 'ping' });
    this.#ports.clock.after(Math.min(this.#answerMs, this.#idleMs / 3), () => {
      if (generation === this.#generation && this.#open && this.#heardAt < asked) this.#drop(1006, 'silent');
    });
  }

  /** Leaves the connection; nothing more is heard of it. */
  close(): void {
    this.#generation++;
    this.#end('The connection was closed.');
  }

  #read(text: string): void {
    this.#heardAt = this.#ports.clock.now();
    const event = parsePhoneEvent(text);
    if (event === null) return;
    if (event.type === 'reply') {
      this.#settle(event.id, { code: event.code, message: event.message });
      return;
    }
    if (event.type === 'pong') return;
    if (event.type === 'welcome') {
      this.#cancelWelcome?.();
      this.#cancelWelcome = null;
      this.#open = true;
      this.#idleMs = Math.max(3_000, event.idleMs);
      this.#tick();
    }
    this.#host.event(event);
  }

  #tick(): void {
    this.#cancelTick?.();
    this.#cancelTick = this.#ports.clock.after(this.#idleMs / 3, () => {
      if (this.#ports.clock.now() - this.#heardAt > this.#idleMs) {
        this.#drop(1006, 'silent');
        return;
      }
      this.send({ type: 'ping' });
      this.#tick();
    });
  }

  #drop(code: number, reason: string): void {
    this.#generation++;
    this.#end('The connection was lost.');
    this.#host.lost(code, reason);
  }

  #end(message: string): void {
    const socket = this.#socket;
    this.#socket = null;
    this.#open = false;
    this.#cancelTick?.();
    this.#cancelTick = null;
    this.#cancelWelcome?.();
    this.#cancelWelcome = null;
    for (const id of [...this.#pending.keys()]) this.#settle(id, { code: -1, message });
    socket?.close(1000, '');
  }

  #settle(id: number, reply: Reply): void {
    const pending = this.#pending.get(id);
    if (pending === undefined) return;
    this.#pending.delete(id);
    pending.cancel();
    pending.resolve(reply);
  }
}
