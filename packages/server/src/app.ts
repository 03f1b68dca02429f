/** The composition: opens what is needed, joins it together, and takes it apart again in the right order. */
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { TicketOffice } from '@lianmai/functions';
import { attachEngine, type EngineAddress, type EngineAttachment, type MediaEngine } from '@lianmai/media';
import { LianmaiError } from '@lianmai/protocol';
import { createRooms, type Rooms } from '@lianmai/rooms';
import type { Stores } from '@lianmai/stores';
import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import { EXIT, ExitError } from './cli/exit.ts';
import { errorCode } from './config/load.ts';
import type { Config } from './config/schema.ts';
import type { Services } from './functions/context.ts';
import { registerFunctions } from './functions/host.ts';
import { registerDocs } from './http/docs.ts';
import { addressKey, Gate } from './http/gate.ts';
import { registerPages } from './http/pages.ts';
import { createTrustedProxies } from './http/proxies.ts';
import { createHttpServer } from './http/server.ts';
import { loadTls } from './http/tls.ts';
import { createPublicUrls } from './http/urls.ts';
import { LoginCodes } from './identity/login-codes.ts';
import { Logins } from './identity/logins.ts';
import { ServerKeys } from './identity/server-key.ts';
import { Sessions } from './identity/sessions.ts';
import { createWechatLogin } from './identity/wechat.ts';
import { startMediaEngine } from './media/engine.ts';
import { embeddedService, externalService, type MediaService } from './media/service.ts';
import { registerCapture } from './phones/capture-route.ts';
import { createPhoneDoors } from './phones/doors.ts';
import { doorOptions, openPhones } from './phones/open.ts';
import { SeatHolds } from './phones/seat-holds.ts';
import type { StartGateway } from './phones/service.ts';
import { startGatewayWorker } from './phones/start.ts';
import { Presence } from './presence/presence.ts';
import { startTimers } from './presence/timers.ts';
import { registerWebhooks } from './presence/webhooks.ts';
import { registerRoomsig } from './roomsig/route.ts';
import { type Credentials, ensureCredentials } from './store/application.ts';
import { openStores } from './store/open.ts';

/** Parts that tests replace. */
export interface Overrides {
  readonly stores?: Stores;
  readonly engine?: MediaEngine;
  readonly gateway?: StartGateway;
}

export interface RunningServer {
  readonly app: FastifyInstance;
  readonly services: Services;
  readonly credentials: Credentials;
  /** The TCP port in use. */
  readonly port: number;
  readonly https: boolean;
  /** Where media flows; empty with an external media service. */
  readonly mediaAddresses: readonly EngineAddress[];
  /** The RTMP port of the phones' gateway, or in a sentence why there is none. */
  readonly phones: { readonly rtmpPort: number } | string;
  /** Ends everything; at the latest when the time is over. Nothing acknowledged is lost. */
  stop(deadlineMs?: number): Promise<void>;
}

const STOP_MS = 1_500;

/**
 * Starts the server.
 * @throws ExitError with one sentence for the operator; whatever had been started is stopped again.
 */
export async function startServer(config: Config, log: Logger, overrides: Overrides = {}): Promise<RunningServer> {
  const undo: (() => Promise<void> | void)[] = [];
  try {
    const tls = loadTls(config);
    const proxies = createTrustedProxies(config.http.trustedProxies);
    const stores = overrides.stores ?? (await openStores(config));
    undo.push(() => stores.close());
    // Closed after everybody who holds a WebSocket of it has been sent away: it waits for them.
    let http: FastifyInstance | null = null;
    undo.push(async () => {
      await http?.close();
    });
    const credentials = await ensureCredentials(stores, config);

    const external = config.livekit.url !== '';
    const engine = external ? null : (overrides.engine ?? (await startMediaEngine(config, credentials.api)));
    let attachment: EngineAttachment | null = null;
    let stopping = false;
    if (engine !== null) {
      undo.push(async () => {
        await engine.stop(STOP_MS / 2);
        attachment?.close();
      });
    }
    const media =
      engine === null
        ? externalService(config.livekit.url, { key: config.livekit.apiKey, secret: config.livekit.apiSecret })
        : embeddedService(engine, credentials.api);

    const services = compose(config, log, stores, credentials, media);
    if (engine !== null) followEngine(engine, services, () => stopping);
    const sessions = new Sessions(credentials.sessionSecret, config.identity.sessionSeconds);
    attachment =
      engine === null
        ? null
        : attachEngine(engine, {
            // Joins are counted as everything else is: a whole IPv6 /64 as one address.
            clientAddress: (request) => addressKey(proxies.clientAddress(request)),
            maxMessageBytes: config.engine.signalMessageBytes,
          });

    const urls = createPublicUrls(config.http.publicUrl, proxies);
    const phones = await openPhones({
      services,
      ticketKey: credentials.streamSecret,
      engine,
      urls,
      undo,
      start: overrides.gateway ?? startGatewayWorker,
    });
    if (typeof phones === 'string' && config.phones.mode !== 'off') log.warn(phones);
    const doors = typeof phones === 'string' ? null : createPhoneDoors(phones, doorOptions(config, proxies));

    const raw = [attachment, doors].filter((routes) => routes !== null);
    const app = createHttpServer({ config, log, proxies, tls, raw });
    http = app;
    // Phones are told to come back while their sockets still stand.
    if (doors !== null) undo.push(() => doors.close());
    if (typeof phones !== 'string') undo.push(() => phones.gateway.stop(STOP_MS / 3));
    const gate = new Gate(sessions, new ServerKeys([credentials.api]), config.limits);
    registerFunctions(app, services, gate);
    registerRoomsig(app, services, gate, urls, typeof phones === 'string' ? null : phones);
    if (typeof phones !== 'string') registerCapture(app, phones.gateway, gate, credentials.application.sdkAppId);
    if (engine === null) registerWebhooks(app, services.presence, media.keys);
    await registerDocs(app);
    await registerPages(app, config.webDir === '' ? defaultWebDir() : config.webDir);

    await begin(services, external);
    undo.push(startTimers(services, { ...config.rooms, ...config.media }));
    const port = await listen(app, config);
    return {
      app,
      services,
      credentials,
      port,
      https: tls !== null,
      mediaAddresses: engine?.addresses ?? [],
      phones: typeof phones === 'string' ? phones : { rtmpPort: phones.gateway.rtmpPort },
      stop: (deadlineMs = STOP_MS) => {
        stopping = true;
        return within(deadlineMs, unwind(undo, log));
      },
    };
  } catch (error) {
    await within(STOP_MS, unwind(undo, log));
    throw error;
  }
}

function compose(config: Config, log: Logger, stores: Stores, credentials: Credentials, media: MediaService): Services {
  const leaseMs = config.rooms.leaseSeconds * 1000;
  const rooms: Rooms = createRooms({
    store: stores.rooms,
    settings: {
      defaultCapacity: config.rooms.defaultCapacity,
      maxCapacity: config.rooms.maxCapacity,
      maxRooms: config.rooms.maxRooms,
      defaultPrivilegeMap: config.rooms.defaultPrivilegeMap,
      leaseMs,
      revocationMs: config.rooms.revocationSeconds * 1000,
    },
    onListenerError: (error) => log.error({ err: error }, 'a listener of the rooms failed'),
  });
  const { identity } = config;
  const { loginCodes: total, loginCodesPerUser: perUser } = config.limits;
  const codes = new LoginCodes(stores.loginCodes, identity.loginCodeSeconds, { perUser, total });
  const logins = new Logins({
    codes,
    sessions: new Sessions(credentials.sessionSecret, identity.sessionSeconds),
    identities: stores.identities,
    guestLogin: identity.guestLogin,
    wechat:
      identity.wechatAppId === ''
        ? null
        : createWechatLogin({
            appId: identity.wechatAppId,
            secret: identity.wechatSecret,
            baseUrl: identity.wechatBaseUrl,
          }),
    renewSeconds: identity.renewSeconds,
  });
  const sdkAppIds = [credentials.application.sdkAppId];
  const returnMs = leaseMs + config.media.resumeSeconds * 1000;
  const seatHolds = new SeatHolds({ rooms, leaseMs, returnMs, log });
  return {
    config,
    application: credentials.application,
    rooms,
    identities: stores.identities,
    codes,
    tickets: new TicketOffice(credentials.application, config.tickets),
    logins,
    media,
    presence: new Presence({ rooms, media, sdkAppIds, isAwaited: (key, userId) => seatHolds.isHeld(key, userId), log }),
    seatHolds,
    log,
  };
}

/** The embedded engine's own words, in place of webhooks. Whom a stopping server sends away is to come back: he keeps his seat. */
function followEngine(engine: MediaEngine, { presence, log }: Services, stopping: () => boolean): void {
  engine.onEvent((event) => {
    if (!stopping()) void presence.handleJson(event.json);
  });
  engine.onRestart((reason) => {
    log.error({ reason }, 'the media engine died and was started anew; its rooms come back by themselves');
    presence.restarted().catch((error: unknown) => log.error({ err: error }, 'after the restart of the media engine'));
  });
}

/** Brings rooms and media room together before the first call. A store or service that is away is no reason not to start. */
async function begin({ presence, log }: Services, external: boolean): Promise<void> {
  try {
    if (external) await presence.reconcileAtStart();
    else await presence.restarted();
  } catch (error) {
    log.warn({ err: error }, 'rooms and media rooms could not be compared yet; it is tried again');
  }
}

async function listen(app: FastifyInstance, config: Config): Promise<number> {
  const { host, port } = config.http;
  try {
    await app.listen({ host, port, listenTextResolver: (address) => `listening at ${address}` });
  } catch (error) {
    // A machine without IPv6 has no "::"; every IPv4 address is then what was meant.
    if (errorCode(error) === 'EAFNOSUPPORT' && host === '::') {
      return listen(app, { ...config, http: { ...config.http, host: '0.0.0.0' } });
    }
    throw portFailure(error, host, port);
  }
  const address: AddressInfo | string | null = app.server.address();
  return typeof address === 'object' && address !== null ? address.port : port;
}

function portFailure(error: unknown, host: string, port: number): unknown {
  switch (errorCode(error)) {
    case 'EADDRINUSE':
      return new ExitError(
        EXIT.port,
        `TCP port ${port} is in use by another program. Stop it, or choose another with --port.`,
      );
    case 'EACCES':
      return new ExitError(
        EXIT.port,
        `TCP port ${port} may not be opened by this user. Choose one above 1023 with --port.`,
      );
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return new ExitError(EXIT.port, `The address ${host} is not one of this machine. Choose another with --host.`);
    default:
      return error;
  }
}

function defaultWebDir(): string {
  return fileURLToPath(new URL('../../../apps/web/dist', import.meta.url));
}

/** Undoes in the reverse order; one failure does not keep the rest from ending. */
async function unwind(undo: (() => Promise<void> | void)[], log: Logger): Promise<void> {
  for (let step = undo.pop(); step !== undefined; step = undo.pop()) {
    try {
      await step();
    } catch (error) {
      if (!(error instanceof LianmaiError)) log.warn({ err: error }, 'while stopping');
    }
  }
}

async function within(ms: number, work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  await Promise.race([work, deadline]);
  clearTimeout(timer);
}
