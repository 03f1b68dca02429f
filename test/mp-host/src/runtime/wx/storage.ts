import { type ApiFactory, WxFail, type WxFunction } from './api.ts';

/** WeChat's limit of one value, in bytes of its JSON. */
const MAX_VALUE = 1_048_576;

/** Storage in memory: it lasts as long as the host, and tests may fill it first. */
export class Storage {
  readonly #values = new Map<string, string>();

  set(key: string, value: unknown): void {
    const text = JSON.stringify(value ?? null);
    if (text.length > MAX_VALUE) throw new WxFail('exceed storage item max length');
    this.#values.set(key, text);
  }

  get(key: string): unknown {
    const text = this.#values.get(key);
    return text === undefined ? undefined : JSON.parse(text);
  }

  remove(key: string): void {
    this.#values.delete(key);
  }

  clear(): void {
    this.#values.clear();
  }

  get keys(): string[] {
    return [...this.#values.keys()];
  }
}

export function storageApi(make: ApiFactory, storage: Storage): Record<string, WxFunction> {
  const info = () => ({ keys: storage.keys, currentSize: 0, limitSize: 10_240 });
  return {
    setStorage: make.async<{ key: string; data: unknown }>('setStorage', ({ key, data }) => storage.set(key, data)),
    getStorage: make.async<{ key: string }>('getStorage', ({ key }) => {
      const data = storage.get(key);
      if (data === undefined) throw new WxFail('data not found');
      return { data };
    }),
    removeStorage: make.async<{ key: string }>('removeStorage', ({ key }) => storage.remove(key)),
    clearStorage: make.async('clearStorage', () => storage.clear()),
    getStorageInfo: make.async('getStorageInfo', info),
    setStorageSync: make.sync('setStorageSync', (key: string, data: unknown) => storage.set(key, data)),
    getStorageSync: make.sync('getStorageSync', (key: string) => storage.get(key) ?? ''),
    removeStorageSync: make.sync('removeStorageSync', (key: string) => storage.remove(key)),
    clearStorageSync: make.sync('clearStorageSync', () => storage.clear()),
    getStorageInfoSync: make.sync('getStorageInfoSync', info),
  };
}
