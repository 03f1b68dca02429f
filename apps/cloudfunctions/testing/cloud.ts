/** A CloudBase environment inside a test: the real functions through the unmodified SDK, on the stand-in of its database. */
import { generateKeyPairSync } from 'node:crypto';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { type Envelope, resolveFunction } from '@lianmai/protocol';
import cloud from 'wx-server-sdk';
import { VARIABLES } from '../src/environment.ts';
import { hostFunction, hostSweep, type Main } from '../src/host.ts';
import { openEnvironment } from './stand-in/environments.ts';
import type { ServiceOptions, StandInService } from './stand-in/service.ts';

export interface TestCloudOptions extends ServiceOptions {
  readonly sdkAppId?: number;
  /** Further variables of the functions, or others than those that work. */
  readonly variables?: Readonly<Record<string, string>>;
  /**
   * The folder of built functions to run instead of the sources: what is deployed. They find `wx-server-sdk` in a `node_modules`
   * beside or above it, take their variables from the process, and log to the console instead of `log`.
   */
  readonly folder?: string;
}

export interface TestCloud {
  readonly sdkAppId: number;
  /** Verifies the tickets. */
  readonly publicKeyPem: string;
  /** The database: its documents, and what goes wrong with it. */
  readonly service: StandInService;
  /** Lines of the functions' logs. */
  readonly log: object[];
  /**
   * What `wx.cloud.callFunction` does for this user; its `result` is the envelope.
   * @throws Error with WeChat's errCode for a function that is not deployed.
   */
  callFunction(
    openId: string,
    call: { name: string; data?: object },
  ): Promise<{ result: Envelope<unknown>; errMsg: string }>;
  /** What the timer does once a minute. */
  sweep(): Promise<Envelope<unknown>>;
  close(): void;
}

/** Opens one. One at a time in a process: the SDK learns from the process's environment where it is and who calls. */
export function openTestCloud({
  sdkAppId = 1_400_000_001,
  variables = {},
  folder,
  ...options
}: TestCloudOptions = {}): TestCloud {
  const { env, service, close } = openEnvironment(options);
  const { privateKey, publicKey } = generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  });
  const settings = { [VARIABLES.sdkAppId]: String(sdkAppId), [VARIABLES.privateKey]: privateKey, ...variables };
  const log: object[] = [];
  const surroundings = { environment: () => settings, log: (record: object) => void log.push(record) };
  const mains = new Map<string, Main>();
  process.env['TCB_ENV'] = env;
  process.env['WX_CONTEXT_KEYS'] = 'WX_OPENID';
  if (folder !== undefined) Object.assign(process.env, settings);

  function mainOf(called: string): Main | null {
    const name = resolveFunction(called);
    if (name === null) return null;
    const main = mains.get(called) ?? built(called) ?? hostFunction(name, cloud, surroundings);
    mains.set(called, main);
    return main;
  }

  function built(called: string): Main | null {
    if (folder === undefined) return null;
    const load = createRequire(join(folder, 'package.json'));
    return (load(join(folder, called, 'index.js')) as { readonly main: Main }).main;
  }

  return {
    sdkAppId,
    publicKeyPem: publicKey,
    service,
    log,
    async callFunction(openId, { name, data = {} }) {
      const main = mainOf(name);
      if (main === null) {
        const errMsg = `cloud.callFunction:fail Error: errCode: -501000 | errMsg: FunctionName parameter could not be found`;
        throw Object.assign(new Error(errMsg), { errCode: -501000, errMsg });
      }
      process.env['WX_OPENID'] = openId;
      // WeChat adds who calls to every event; nobody may rely on it.
      const event: unknown = JSON.parse(JSON.stringify({ ...data, userInfo: { appId: 'wx0', openId } }));
      const result = JSON.parse(JSON.stringify(await main(event))) as Envelope<unknown>;
      return { result, errMsg: 'cloud.callFunction:ok' };
    },
    sweep() {
      delete process.env['WX_OPENID'];
      const main = built('webrtc-sweep') ?? hostSweep('webrtc-sweep', cloud, surroundings);
      return main({ Type: 'Timer', TriggerName: 'webrtc-sweep' });
    },
    close() {
      delete process.env['TCB_ENV'];
      delete process.env['WX_OPENID'];
      delete process.env['WX_CONTEXT_KEYS'];
      if (folder !== undefined) for (const name of Object.keys(settings)) delete process.env[name];
      close();
    },
  };
}
