import { type KeyValueStore, memoryStore } from '../core.ts';

/** `wx.*StorageSync`; a phone without space left forgets at the end of the session. */
export function wechatStore(): KeyValueStore {
  const memory = memoryStore();
  return {
    get(key) {
      try {
        const value: unknown = wx.getStorageSync(key);
        return typeof value === 'string' && value !== '' ? value : memory.get(key);
      } catch {
        return memory.get(key);
      }
    },
    set(key, value) {
      memory.set(key, value);
      try {
        wx.setStorageSync(key, value);
      } catch {
        // No space: the memory holds it for now.
      }
    },
    remove(key) {
      memory.remove(key);
      try {
        wx.removeStorageSync(key);
      } catch {
        // Nothing that could be done.
      }
    },
  };
}
