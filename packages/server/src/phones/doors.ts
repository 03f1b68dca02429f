/** The phones' part of the one HTTP port: `/signal` and `/live/…`, taken before anything else sees their URLs. */

import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { ConnectionSlots, type PublicBases, type SlotLimits } from '@lianmai/gateway';
import { LianmaiError, PHONE_CODES, PHONE_SIGNAL_PATH, STREAM_APP } from '@lianmai/protocol';
import { addressKey } from '../http/gate.ts';
import { RateLimitError, RateLimiter } from '../http/rate.ts';
import type { RawRoutes } from '../http/server.ts';
import { answerFlv, refuse } from './flv-door.ts';
import type { Phones } from './service.ts';
import { createSignalDoor } from './signal-door.ts';

export interface PhoneDoorsOptions {
  /** Address of the client, when a trusted proxy stands before us. */
  readonly clientAddress: (request: IncomingMessage) => string;
  /** Connections a second from one address, on average; four times as many at once. */
  readonly perAddressPerSecond: number;
  readonly trackedAddresses: number;
  readonly maxFrameBytes: number;
  readonly maxBacklogBytes: number;
  /** HTTP-FLV requests under way, in all and of one address. */
  readonly flv: SlotLimits;
}

const FLV = new RegExp(`^/${STREAM_APP}/([^/]{1,128})\\.flv$`);
/** Longest ticket that is looked at, in characters; others are longer than any of ours. */
const MAX_TICKET_CHARS = 1_024;

export interface PhoneDoors extends RawRoutes {
  close(): void;
}

/** The doors by which phones come in, with the rate of each address. */
export function createPhoneDoors(phones: Phones, options: PhoneDoorsOptions): PhoneDoors {
  const { gateway } = phones;
  const rate = new RateLimiter({
    perSecond: options.perAddressPerSecond,
    burst: options.perAddressPerSecond * 4,
    maxKeys: options.trackedAddresses,
  });
  const slots = new ConnectionSlots(options.flv);
  const signal = createSignalDoor({
    ...options,
    open: (asked) => gateway.openSignal(asked),
    onAccepted: (asked) => phones.holdSeat(asked.ticket),
  });

  /** Seconds to wait when this address comes too often. */
  function tooOften(remoteAddress: string): number | null {
    try {
      rate.take(addressKey(remoteAddress));
      return null;
    } catch (error) {
      if (error instanceof RateLimitError) return error.retryAfterSeconds;
      throw error;
    }
  }

  return {
    handleRequest(request, response) {
      const { path, query } = splitUrl(request.url ?? '');
      const stream = FLV.exec(path)?.[1];
      if (stream === undefined) return false;
      const remoteAddress = options.clientAddress(request);
      const wait = tooOften(remoteAddress);
      if (wait !== null) {
        refuse(request, response, { status: 429, ...PHONE_CODES.tooFast }, { 'retry-after': String(wait) });
        return true;
      }
      const slot = slots.take(remoteAddress);
      if (typeof slot === 'string') {
        refuse(request, response, { status: slot === 'full' ? 503 : 429, ...PHONE_CODES.busy });
        return true;
      }
      onceOver(request, response, slot);
      void answerFlv(request, response, { stream, ticket: bounded(query), remoteAddress }, (asked) =>
        gateway.openFlv(asked),
      );
      return true;
    },

    handleUpgrade(request, socket, head) {
      const { path, query } = splitUrl(request.url ?? '');
      if (path !== PHONE_SIGNAL_PATH) return false;
      const remoteAddress = options.clientAddress(request);
      const wait = tooOften(remoteAddress);
      if (wait !== null) {
        refuseUpgrade(socket, 429, `Retry-After: ${wait}\r\n`);
        return true;
      }
      const bases = basesOf(phones, request);
      if (bases === null) {
        refuseUpgrade(socket, 400);
        return true;
      }
      const ticket = bounded(new URLSearchParams(query).get('ticket') ?? '');
      signal.accept(request, socket, head, { ticket, bases, remoteAddress });
      return true;
    },

    close: () => signal.close(),
  };
}

/** Calls back once when the answer or its connection is over: an answer that waits behind another never says so itself. */
function onceOver(request: IncomingMessage, response: ServerResponse, listener: () => void): void {
  const { socket } = request;
  const over = () => {
    socket.off('close', over);
    response.off('close', over);
    listener();
  };
  socket.once('close', over);
  response.once('close', over);
}

function basesOf(phones: Phones, request: IncomingMessage): PublicBases | null {
  try {
    return phones.bases(request);
  } catch (error) {
    if (error instanceof LianmaiError) return null;
    throw error;
  }
}

function bounded(text: string): string {
  return text.length > MAX_TICKET_CHARS ? '' : text;
}

function splitUrl(url: string): { readonly path: string; readonly query: string } {
  const mark = url.indexOf('?');
  return mark < 0 ? { path: url, query: '' } : { path: url.slice(0, mark), query: url.slice(mark + 1) };
}

function refuseUpgrade(socket: Duplex, status: number, headers = ''): void {
  if (socket.destroyed) return;
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n${headers}Connection: close\r\nContent-Length: 0\r\n\r\n`,
  );
}
