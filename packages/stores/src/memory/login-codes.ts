import type { LoginCode, LoginCodeStore } from '../login-codes.ts';

/** One-time login codes in memory, with the rules of the database's. */
export function memoryLoginCodes(): LoginCodeStore {
  /** In the order in which they were handed out. */
  const codes = new Map<string, LoginCode>();
  const purge = (now: number): number => {
    const runOut = [...codes.values()].filter((code) => code.expiresAt <= now);
    for (const { hash } of runOut) codes.delete(hash);
    return runOut.length;
  };
  return {
    async keepLoginCode(code, { perUser, total }, now) {
      purge(now);
      const own = [...codes.values()].filter((other) => other.userId === code.userId);
      for (const { hash } of own.slice(0, Math.max(0, own.length - perUser + 1))) codes.delete(hash);
      if (codes.size >= total) return false;
      codes.set(code.hash, code);
      return true;
    },
    async takeLoginCode(hash, now) {
      const code = codes.get(hash);
      codes.delete(hash);
      return code === undefined || code.expiresAt <= now ? null : code;
    },
    async purgeLoginCodes(now) {
      return purge(now);
    },
  };
}
