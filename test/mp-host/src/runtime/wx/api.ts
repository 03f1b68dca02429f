import { raise } from '../failures.ts';

/** The reason of a failed call; the host puts `name:fail` before it. */
export class WxFail extends Error {
  readonly extra: Readonly<Record<string, unknown>>;

  constructor(reason: string, extra: Readonly<Record<string, unknown>> = {}) {
    super(reason);
    this.name = 'WxFail';
    this.extra = extra;
  }
}

/** The media's script brings a class of its own, so that the name counts. */
function isWxFail(error: unknown): error is WxFail {
  return error instanceof WxFail || (error instanceof Error && error.name === 'WxFail' && 'extra' in error);
}

/** What every asynchronous call may carry. */
export interface Callbacks {
  success?(result: object): void;
  fail?(error: { readonly errMsg: string }): void;
  complete?(result: { readonly errMsg: string }): void;
}

/** One call that the mini program made, without its functions. */
export interface WxCall {
  readonly name: string;
  readonly options: Readonly<Record<string, unknown>>;
}

export type WxFunction = (...values: never[]) => unknown;

/** Makes the functions of `wx`, with WeChat's two forms of answer: callbacks, or, when there are none, a promise. */
export class ApiFactory {
  readonly calls: WxCall[] = [];
  readonly #report: (message: string) => void;

  constructor(report: (message: string) => void) {
    this.#report = report;
  }

  /** An asynchronous function; `run` throws `WxFail` for a failure. */
  async<O extends object>(name: string, run: (options: O) => unknown): WxFunction {
    const api = (options: (O & Callbacks) | undefined): Promise<object> | undefined => {
      const given = options ?? ({} as O & Callbacks);
      this.note(name, given);
      const answer = this.#run(name, run, given);
      const { success, fail, complete } = given;
      if (success === undefined && fail === undefined && complete === undefined) {
        return answer.then((outcome) => {
          if (outcome.ok) return outcome.result;
          throw outcome.result;
        });
      }
      void answer.then((outcome) => {
        this.#guard(() => (outcome.ok ? success?.(outcome.result) : fail?.(outcome.result)));
        this.#guard(() => complete?.(outcome.result));
      });
      return undefined;
    };
    return api as WxFunction;
  }

  /** A function that answers at once. */
  sync<A extends unknown[], R>(name: string, run: (...values: A) => R): WxFunction {
    const api = (...values: A): R => {
      this.note(name, values.length === 1 && typeof values[0] === 'object' ? (values[0] ?? {}) : { values });
      return run(...values);
    };
    return api as WxFunction;
  }

  note(name: string, options: object): void {
    const plain = Object.entries(options).filter(([, value]) => typeof value !== 'function');
    this.calls.push({ name, options: Object.fromEntries(plain) });
    if (this.calls.length > 2_000) this.calls.shift();
  }

  async #run<O extends object>(
    name: string,
    run: (options: O) => unknown,
    options: O,
  ): Promise<{ readonly ok: boolean; readonly result: { errMsg: string } }> {
    // The answer never comes inside the call.
    await Promise.resolve();
    try {
      const result = await run(options);
      return { ok: true, result: { ...(result as object | undefined), errMsg: `${name}:ok` } };
    } catch (error) {
      if (isWxFail(error)) return { ok: false, result: { ...error.extra, errMsg: `${name}:fail ${error.message}` } };
      this.#report(`wx.${name} broke: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
      return { ok: false, result: { errMsg: `${name}:fail ${String(error)}` } };
    }
  }

  #guard(run: () => void): void {
    try {
      run();
    } catch (error) {
      this.#report(error instanceof Error ? (error.stack ?? error.message) : String(error));
    }
  }
}

/** The listeners of one `wx.on…`, with its `wx.off…`. */
export class Listeners<T> {
  readonly #list: ((value: T) => void)[] = [];

  readonly on = (run: (value: T) => void): void => {
    this.#list.push(run);
  };

  readonly off = (run?: (value: T) => void): void => {
    if (run === undefined) this.#list.length = 0;
    else this.#list.splice(this.#list.indexOf(run) >>> 0, 1);
  };

  get size(): number {
    return this.#list.length;
  }

  fire(value: T): void {
    for (const run of [...this.#list]) {
      try {
        run(value);
      } catch (error) {
        raise(error);
      }
    }
  }
}
