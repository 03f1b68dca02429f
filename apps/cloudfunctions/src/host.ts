import { answerFunction, type Caller, createHandlers, type Handlers } from '@lianmai/functions';
import { CODES, type Envelope, type FunctionName, isUserId, LianmaiError } from '@lianmai/protocol';
import type { CloudDatabase } from '@lianmai/stores/cloudbase';
import { type Environment, processEnvironment } from './environment.ts';
import { consoleLog, type Log } from './log.ts';
import { type CloudServices, createCloudServices } from './services.ts';

/** As much of wx-server-sdk as is used. */
export interface Cloud {
  /** Stands for the environment that the function runs in. */
  readonly DYNAMIC_CURRENT_ENV: unknown;
  init(config: { env: string; timeout: number }): void;
  database(): unknown;
  /** Read from the process's environment, so it is that of the call that came last. */
  getWXContext(): { readonly OPENID?: unknown };
}

/** What stands around a function; tests bring their own. */
export interface Surroundings {
  readonly environment?: () => Environment;
  readonly log?: Log;
}

/** A function as CloudBase calls it. It never throws: what goes wrong is in the envelope. */
export type Main = (event?: unknown) => Promise<Envelope<unknown>>;

/** The SDK would wait 15 s for a lost request: longer than is left of the function's time for another try. */
const REQUEST_MS = 4000;

/** Functions whose answer is a ticket. */
const SIGNING: ReadonlySet<FunctionName> = new Set(['webrtc-enter-room', 'webrtc-sig-api']);

/** Hosts one of the functions of the protocol's table. */
export function hostFunction(name: FunctionName, cloud: Cloud, surroundings: Surroundings = {}): Main {
  const open = opener(cloud, surroundings);
  let handlers: Handlers | null = null;
  return guarded(name, surroundings, async (event) => {
    // First of all: another call on this instance would overwrite it.
    const caller = callerOf(cloud);
    if (caller === null && name !== 'webrtc-login') {
      throw new LianmaiError(
        'notSignedIn',
        'The call carries no OPENID. Call this function from a mini program, with wx.cloud.callFunction.',
      );
    }
    const services = open();
    if (SIGNING.has(name)) services.requireKey();
    handlers ??= createHandlers(services);
    return answerFunction(handlers, name, { caller, bearer: null }, event);
  });
}

/** Hosts the sweep, for the timer alone: users have an OPENID, the timer has none. */
export function hostSweep(name: string, cloud: Cloud, surroundings: Surroundings = {}): Main {
  const open = opener(cloud, surroundings);
  return guarded(name, surroundings, async () => {
    if (cloud.getWXContext().OPENID !== undefined)
      throw new LianmaiError('notPermitted', 'The timer calls this, nobody else.');
    return { code: CODES.ok.code, message: CODES.ok.message, data: await open().rooms.sweep() };
  });
}

/** Identity comes from the platform, never from the event. */
function callerOf(cloud: Cloud): Caller | null {
  const { OPENID } = cloud.getWXContext();
  return isUserId(OPENID) ? { kind: 'user', userId: OPENID, userName: OPENID } : null;
}

/** The services, made at the first call that finds everything set up, and kept while the instance lives. */
function opener(cloud: Cloud, { environment = processEnvironment }: Surroundings): () => CloudServices {
  let services: CloudServices | null = null;
  return () => {
    if (services === null) {
      // The SDK takes the symbol; its types do not know.
      cloud.init({ env: cloud.DYNAMIC_CURRENT_ENV as string, timeout: REQUEST_MS });
      services = createCloudServices(cloud.database() as CloudDatabase, environment());
    }
    return services;
  };
}

function guarded(name: string, { log = consoleLog }: Surroundings, run: Main): Main {
  return async (event) => {
    try {
      return await run(event);
    } catch (error) {
      const expected = error instanceof LianmaiError ? error : new LianmaiError('internal');
      // 501 is an answer, not a failure.
      if (expected.status >= 500 && expected.status !== 501) log(recordOf(name, expected, error));
      return { code: expected.code, message: expected.message, data: null };
    }
  };
}

/** What the operator needs to know of a failure. */
function recordOf(name: string, expected: LianmaiError, error: unknown): Readonly<Record<string, unknown>> {
  const cause = error instanceof LianmaiError ? error.cause : error;
  const { reason, code, message } = expected;
  const why = cause instanceof Error ? { cause: cause.message, stack: cause.stack } : {};
  return { level: 'error', function: name, reason, code, message, ...why };
}
