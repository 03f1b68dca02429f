import { type ApiFactory, Listeners, WxFail } from './api.ts';

/** Answers `wx.cloud.callFunction`; what it returns becomes `result`. */
export type CloudFunction = (data: unknown) => unknown;

export class Cloud {
  readonly functions = new Map<string, CloudFunction>();
  /** Options of `wx.cloud.init`; `null` until it was called. */
  initialised: Readonly<Record<string, unknown>> | null = null;

  on(name: string, run: CloudFunction): void {
    this.functions.set(name, run);
  }
}

/** How the application was started, and its going to the background and back. */
export class Session {
  readonly show = new Listeners<object>();
  readonly hide = new Listeners<object>();
  readonly error = new Listeners<string>();
  readonly cloud = new Cloud();
  launch: { path: string; query: Record<string, string>; scene: number } = { path: '', query: {}, scene: 1001 };
  logins = 0;
}

export function sessionApi(make: ApiFactory, session: Session): Record<string, unknown> {
  const { cloud } = session;
  const init = (options: object = {}) => {
    make.note('cloud.init', options);
    cloud.initialised = { ...options };
  };
  const callFunction = make.async<{ name: string; data?: unknown }>('cloud.callFunction', async ({ name, data }) => {
    if (cloud.initialised === null)
      throw new WxFail('Cloud API isn’t enabled, please call wx.cloud.init first', { errCode: -1 });
    const run = cloud.functions.get(name);
    if (run === undefined) {
      throw new WxFail(`Error: errCode: -501000 | errMsg: FunctionName parameter could not be found: ${name}`, {
        errCode: -501_000,
      });
    }
    return { result: await run(copy(data ?? {})), requestID: `request-${make.calls.length}` };
  });
  return {
    cloud: { init, callFunction, CloudID: class CloudID {} },
    login: make.async('login', () => {
      session.logins += 1;
      return { code: `code-${session.logins}` };
    }),
    checkSession: make.async('checkSession', () => {}),
    onAppShow: session.show.on,
    offAppShow: session.show.off,
    onAppHide: session.hide.on,
    offAppHide: session.hide.off,
    onError: session.error.on,
    offError: session.error.off,
    onUnhandledRejection: () => {},
    onPageNotFound: () => {},
    getLaunchOptionsSync: make.sync('getLaunchOptionsSync', () => session.launch),
    getEnterOptionsSync: make.sync('getEnterOptionsSync', () => session.launch),
    exitMiniProgram: make.async('exitMiniProgram', () => {}),
    getLogManager: make.sync('getLogManager', () => ({ log() {}, info() {}, warn() {}, debug() {} })),
    getRealtimeLogManager: make.sync('getRealtimeLogManager', () => ({
      info() {},
      warn() {},
      error() {},
      setFilterMsg() {},
    })),
    reportEvent: make.sync('reportEvent', () => {}),
  };
}

/** What crosses to the cloud is JSON. */
function copy(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}
