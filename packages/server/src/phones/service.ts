/** The gateway as a part of the server: started with its settings and the rooms' words, or left out with a reason. */
import type { IncomingMessage } from 'node:http';
import { type Gateway, type GatewayConfigInput, type GatewayHost, type PublicBases, phoneUrls } from '@lianmai/gateway';
import type { MediaEngine } from '@lianmai/media';
import type { PhoneUrls } from '@lianmai/protocol';
import { deriveStreamKey, readStreamTicket } from '@lianmai/tickets';
import { EXIT, ExitError } from '../cli/exit.ts';
import { errorCode } from '../config/load.ts';
import type { Config } from '../config/schema.ts';
import { DEFAULT_RTMP_PORT } from '../config/schema-phones.ts';
import type { Services } from '../functions/context.ts';
import type { PublicUrls } from '../http/urls.ts';
import { gatewayConfig } from './config.ts';
import { createGatewayHost } from './host.ts';
import { noticeOf } from './notices.ts';
import type { ReleaseSeat } from './seat-holds.ts';

/**
 * Starts a gateway, in a worker or here. `engine`: the media engine of this process; null when a LiveKit server is used.
 * Rejects with an error whose `code` or message tells why when its port cannot be bound.
 */
export type StartGateway = (
  config: GatewayConfigInput,
  host: GatewayHost,
  engine: MediaEngine | null,
) => Promise<Gateway>;

/** Phones as the doors of the server see them. */
export interface Phones {
  readonly gateway: Gateway;
  /** Where this request's client reaches the server. */
  bases(request: IncomingMessage): PublicBases;
  /**
   * Holds the seat of a phone whose signalling is open, until the answer is called: it lasts also while the media service, whose
   * presence holds it otherwise, is out of reach or has lost the phone's participant.
   */
  holdSeat(ticket: string): ReleaseSeat;
  /** Fresh push and signalling URLs for a member. */
  urls(request: IncomingMessage, member: { roomId: string; userId: string; privileges: number }): PhoneUrls;
}

export interface PhonesParts {
  readonly services: Services;
  readonly ticketKey: string;
  /** null with an external media service. */
  readonly engine: MediaEngine | null;
  readonly urls: PublicUrls;
  readonly start: StartGateway;
}

/**
 * Starts the gateway.
 * @returns why not, as a sentence for the operator, when the default port is taken and phones are no must.
 * @throws ExitError when the port that was asked for cannot be had.
 */
export async function startPhones(parts: PhonesParts): Promise<Phones | string> {
  const { services, urls } = parts;
  const { config, application, rooms, log } = services;
  const { sdkAppId } = application;
  let gateway: Gateway;
  try {
    gateway = await parts.start(
      gatewayConfig(config, { sdkAppId, ticketKey: parts.ticketKey, mediaUrl: services.media.url }),
      createGatewayHost(services),
      parts.engine,
    );
  } catch (error) {
    return failed(error, config);
  }
  rooms.onEvent((event) => {
    const notice = noticeOf(event);
    if (notice !== null && event.key.sdkAppId === sdkAppId) gateway.notify(notice);
  });
  gateway.onRestart((reason) => {
    log.error({ reason }, 'the gateway for phones died and was started anew; phones come back by themselves');
  });

  const key = deriveStreamKey(parts.ticketKey);
  const port = gateway.rtmpPort === DEFAULT_RTMP_PORT ? '' : `:${gateway.rtmpPort}`;
  function bases(request: IncomingMessage): PublicBases {
    const http = urls.base(request);
    const { rtmpPublicUrl } = config.phones;
    return { http, rtmp: rtmpPublicUrl === '' ? `rtmp://${new URL(http).hostname}${port}` : rtmpPublicUrl };
  }
  function holdSeat(ticket: string): ReleaseSeat {
    const read = readStreamTicket(key, ticket);
    if (!read.ok) return () => {};
    const { roomId, userId } = read.ticket;
    return services.seatHolds.hold({ sdkAppId, roomId }, userId);
  }

  return {
    gateway,
    bases,
    holdSeat,
    urls: (request, member) =>
      phoneUrls(key, {
        sdkAppId,
        ...member,
        bases: bases(request),
        expiresAt: Math.floor(Date.now() / 1000) + config.phones.ticketSeconds,
      }),
  };
}

/** A port that is taken: no reason not to start for somebody who never asked for it, an end for who did. */
function failed(error: unknown, config: Config): string {
  const { rtmpPort, mode } = config.phones;
  const problem = portProblem(error, config);
  if (problem === null) {
    const message = error instanceof Error ? error.message.split('\n')[0] : 'unknown failure';
    throw new ExitError(EXIT.unavailable, `The gateway for phones cannot start: ${message}`);
  }
  if (mode === 'auto' && rtmpPort === DEFAULT_RTMP_PORT) return `${problem} Phones are off until then.`;
  throw new ExitError(EXIT.port, problem);
}

function portProblem(error: unknown, config: Config): string | null {
  const { rtmpPort, rtmpHost } = config.phones;
  const message = error instanceof Error ? error.message : '';
  const code = /\b(EADDRINUSE|EACCES|EADDRNOTAVAIL|ENOTFOUND)\b/.exec(`${errorCode(error)} ${message}`)?.[1];
  switch (code) {
    case 'EADDRINUSE':
      return `TCP port ${rtmpPort} (RTMP) is in use by another program. Stop it, or choose another with --rtmp-port.`;
    case 'EACCES':
      return `TCP port ${rtmpPort} (RTMP) may not be opened by this user. Choose one above 1023 with --rtmp-port.`;
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return `The address ${rtmpHost === '' ? config.http.host : rtmpHost} is not one of this machine. Choose another with --rtmp-host.`;
    default:
      return null;
  }
}
