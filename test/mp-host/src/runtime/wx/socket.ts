import { type ApiFactory, type Callbacks, Listeners, WxFail, type WxFunction } from './api.ts';

/** WeChat's limit of WebSockets at once. */
const MAX_SOCKETS = 5;

interface ConnectOptions {
  readonly url: string;
  readonly header?: Record<string, string>;
  readonly protocols?: string[];
  readonly success?: (result: object) => void;
  readonly fail?: (error: { readonly errMsg: string }) => void;
  readonly complete?: (result: object) => void;
}

interface CloseOptions {
  readonly code?: number;
  readonly reason?: string;
  readonly success?: (result: object) => void;
  readonly fail?: (error: { readonly errMsg: string }) => void;
  readonly complete?: (result: object) => void;
}

/** `SocketTask` over a real WebSocket. */
export class SocketTask {
  readonly #socket: WebSocket;
  readonly #open = new Listeners<object>();
  readonly #message = new Listeners<{ readonly data: string | ArrayBuffer }>();
  readonly #close = new Listeners<{ readonly code: number; readonly reason: string }>();
  readonly #error = new Listeners<{ readonly errMsg: string }>();
  readonly onOpen = this.#open.on;
  readonly onMessage = this.#message.on;
  readonly onClose = this.#close.on;
  readonly onError = this.#error.on;

  constructor(url: string, protocols: readonly string[], ended: (task: SocketTask) => void) {
    this.#socket = new WebSocket(url, [...protocols]);
    this.#socket.binaryType = 'arraybuffer';
    this.#socket.addEventListener('open', () => this.#open.fire({ header: {} }));
    this.#socket.addEventListener('message', (event) =>
      this.#message.fire({ data: event.data as string | ArrayBuffer }),
    );
    this.#socket.addEventListener('error', () => this.#error.fire({ errMsg: 'connectSocket:fail' }));
    this.#socket.addEventListener('close', ({ code, reason }) => {
      ended(this);
      this.#close.fire({ code, reason });
    });
  }

  get readyState(): number {
    return this.#socket.readyState;
  }

  send(options: { readonly data: string | ArrayBuffer } & Pick<CloseOptions, 'success' | 'fail' | 'complete'>): void {
    const ok = this.#socket.readyState === 1;
    if (ok) this.#socket.send(options.data);
    const result = { errMsg: ok ? 'sendSocketMessage:ok' : 'sendSocketMessage:fail WebSocket is not connected' };
    if (ok) options.success?.(result);
    else options.fail?.(result);
    options.complete?.(result);
  }

  close(options: CloseOptions = {}): void {
    this.#socket.close(options.code ?? 1000, options.reason ?? '');
    options.success?.({ errMsg: 'closeSocket:ok' });
    options.complete?.({ errMsg: 'closeSocket:ok' });
  }

  /** The network is gone under it. */
  drop(): void {
    this.#socket.close();
  }
}

/** The sockets that the mini program has open. */
export class Sockets {
  readonly open = new Set<SocketTask>();
  readonly #offline: () => boolean;

  constructor(offline: () => boolean) {
    this.#offline = offline;
  }

  connect(options: ConnectOptions): SocketTask | undefined {
    const answer = (ok: boolean, errMsg: string) =>
      queueMicrotask(() => {
        if (ok) options.success?.({ errMsg });
        else options.fail?.({ errMsg });
        options.complete?.({ errMsg });
      });
    if (this.open.size >= MAX_SOCKETS) {
      answer(false, `connectSocket:fail exceed max connection limit ${MAX_SOCKETS}`);
      return undefined;
    }
    if (!/^wss?:\/\//.test(options.url)) {
      answer(false, `connectSocket:fail invalid url "${options.url}"`);
      return undefined;
    }
    const task = new SocketTask(options.url, options.protocols ?? [], (ended) => this.open.delete(ended));
    this.open.add(task);
    if (this.#offline()) task.drop();
    answer(true, 'connectSocket:ok');
    return task;
  }
}

export interface RequestOptions {
  readonly url: string;
  readonly method?: string;
  readonly data?: string | object | ArrayBuffer;
  readonly header?: Record<string, string>;
  readonly dataType?: string;
  readonly responseType?: 'text' | 'arraybuffer';
  /** Milliseconds. */
  readonly timeout?: number;
}

export interface Response {
  readonly statusCode: number;
  readonly header?: Record<string, string>;
  readonly data: unknown;
}

/** Answers requests instead of the network; `undefined` leaves one to it. */
export type RequestHandler = (request: RequestOptions) => Response | Promise<Response> | undefined;

export class Network {
  readonly sockets = new Sockets(() => this.type === 'none');
  handler: RequestHandler | null = null;
  type = 'wifi';
  readonly changed = new Listeners<{ readonly isConnected: boolean; readonly networkType: string }>();

  /** Changes the kind of network; `none` cuts every socket; new ones and requests fail. */
  set(type: string): void {
    this.type = type;
    if (type === 'none') for (const task of this.sockets.open) task.drop();
    this.changed.fire({ isConnected: type !== 'none', networkType: type });
  }
}

export function networkApi(make: ApiFactory, network: Network): Record<string, WxFunction> {
  return {
    request: requestApi(make, network),
    connectSocket: ((options: ConnectOptions) => {
      make.note('connectSocket', options);
      return network.sockets.connect(options);
    }) as WxFunction,
    getNetworkType: make.async('getNetworkType', () => ({
      networkType: network.type,
      isConnected: network.type !== 'none',
    })),
    onNetworkStatusChange: network.changed.on as WxFunction,
    offNetworkStatusChange: network.changed.off as WxFunction,
  };
}

/** `wx.request`: it answers with a task at once, and, unlike the others, never with a promise. */
function requestApi(make: ApiFactory, network: Network): WxFunction {
  const api = (options: RequestOptions & Callbacks) => {
    const abort = new AbortController();
    const run = make.async<RequestOptions>('request', (given) => answer(given, network, abort.signal)) as (
      options: object,
    ) => void;
    run({ ...options, complete: options.complete ?? (() => {}) });
    return { abort: () => abort.abort(), onHeadersReceived() {}, offHeadersReceived() {}, onChunkReceived() {} };
  };
  return api as WxFunction;
}

async function answer(request: RequestOptions, network: Network, signal: AbortSignal): Promise<object> {
  if (network.type === 'none') throw new WxFail('network is not available', { errno: 600_001 });
  const timeout = request.timeout ?? 60_000;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const ended = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new WxFail('timeout', { errno: 5 })), timeout);
    signal.addEventListener('abort', () => reject(new WxFail('abort')));
  });
  try {
    const given = network.handler?.(request);
    const response = await Promise.race([given ?? fetchIt(request, signal), ended]);
    return { header: {}, cookies: [], ...response };
  } catch (error) {
    if (error instanceof WxFail) throw error;
    throw new WxFail(error instanceof Error ? error.message : String(error), { errno: 600_001 });
  } finally {
    clearTimeout(timer);
  }
}

async function fetchIt(request: RequestOptions, signal: AbortSignal): Promise<Response> {
  const method = (request.method ?? 'GET').toUpperCase();
  const header = Object.fromEntries(
    Object.entries(request.header ?? {}).map(([name, value]) => [name.toLowerCase(), value]),
  );
  const type = header['content-type'] ?? 'application/json';
  const { data } = request;
  let url = request.url;
  let body: string | ArrayBuffer | undefined;
  if (data !== undefined && (typeof data === 'string' || data instanceof ArrayBuffer)) body = data;
  else if (data !== undefined) {
    const form = new URLSearchParams(Object.entries(data).map(([name, value]) => [name, String(value)])).toString();
    if (method === 'GET') url += `${url.includes('?') ? '&' : '?'}${form}`;
    else body = type.includes('x-www-form-urlencoded') ? form : JSON.stringify(data);
  }
  const response = await fetch(url, {
    method,
    headers: { 'content-type': type, ...header },
    signal,
    ...(method === 'GET' || body === undefined ? {} : { body }),
  });
  const received = Object.fromEntries(response.headers.entries());
  if (request.responseType === 'arraybuffer') {
    return { statusCode: response.status, header: received, data: await response.arrayBuffer() };
  }
  const text = await response.text();
  return {
    statusCode: response.status,
    header: received,
    data: (request.dataType ?? 'json') === 'json' ? json(text) : text,
  };
}

/** WeChat hands the text over when it is no JSON. */
function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
