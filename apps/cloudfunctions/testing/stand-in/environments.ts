import { Db } from '@cloudbase/database';
import type { CloudDatabase } from '@lianmai/stores/cloudbase';
import cloud from 'wx-server-sdk';
import type { Answer, Request } from './database.ts';
import { type ServiceOptions, StandInService } from './service.ts';

/** A request class as `@cloudbase/database` makes them: one for each reference, with the configuration of its database. */
interface RequestConfig {
  readonly env?: string;
  /** The name that `@cloudbase/node-sdk` gives the environment; a symbol stands for the one that the function runs in. */
  readonly envName?: string | symbol;
  readonly throwOnCode?: boolean;
}

const services = new Map<string, StandInService>();

/** Takes the place of the SDK's HTTP requester, and answers failures as that one does: returned or thrown, by the configuration. */
class StandInRequester {
  readonly #config: RequestConfig;

  constructor(config: RequestConfig) {
    this.#config = config;
  }

  async send(action: string, request: Request = {}): Promise<Answer> {
    const { envName = this.#config.env ?? '' } = this.#config;
    const env = typeof envName === 'symbol' ? (process.env['TCB_ENV'] ?? '') : envName;
    const service = services.get(env);
    if (service === undefined) throw new Error(`There is no environment "${env}".`);
    const answer = await service.send(action, request);
    if (answer.code === undefined || this.#config.throwOnCode !== true) return answer;
    throw Object.assign(new Error(answer.message), { code: answer.code, requestId: answer.requestId });
  }
}

// `@cloudbase/node-sdk` sets its own class whenever a database object is made: so it must not be settable.
Object.defineProperty(Db, 'reqClass', { get: () => StandInRequester, set: () => {}, configurable: true });

let environments = 0;

/** A fresh environment with these collections. */
export function openEnvironment(
  options: ServiceOptions = {},
  collections: readonly string[] = ['webrtcRooms'],
): { env: string; service: StandInService; close(): void } {
  environments += 1;
  const env = `stand-in-${environments}`;
  const service = new StandInService(options);
  for (const name of collections) service.database.createCollection(name);
  services.set(env, service);
  return { env, service, close: () => services.delete(env) };
}

/** The database object of the unmodified wx-server-sdk. */
export function wxDatabase(env: string): CloudDatabase {
  cloud.init({ env });
  return cloud.database({ env }) as unknown as CloudDatabase;
}

/** That of the unmodified `@cloudbase/database`; `throwOnCode` as `@cloudbase/node-sdk` has it by default. */
export function plainDatabase(env: string, throwOnCode = false): CloudDatabase {
  return new Db({ env, throwOnCode }) as unknown as CloudDatabase;
}
