import { type KeyValueStore, memoryStore } from '@lianmai/client-core';

function webStore(open: () => Storage): KeyValueStore {
  try {
    const storage = open();
    const probe = 'lianmai.probe';
    storage.setItem(probe, '1');
    storage.removeItem(probe);
    return {
      get: (key) => storage.getItem(key),
      set: (key, value) => {
        try {
          storage.setItem(key, value);
        } catch {
          // Full: the value lasts as long as the page then.
        }
      },
      remove: (key) => storage.removeItem(key),
    };
  } catch {
    // Private windows and embedded pages may refuse storage.
    return memoryStore();
  }
}

/** One guest per tab: two tabs are two people, as somebody who tries the page expects. Survives a reload. */
export const tabStore: KeyValueStore = webStore(() => window.sessionStorage);

/** What this browser remembers: name, devices, language. */
export const browserStore: KeyValueStore = webStore(() => window.localStorage);
