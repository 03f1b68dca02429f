/** Calls of those who listen: one that throws must not harm the link. */
export type Warn = (what: string, detail: string) => void;

/** Calls a listener; what it throws is logged. */
export function tell(warn: Warn, call: () => void): void {
  try {
    call();
  } catch (error) {
    listenerFailed(warn, error);
  }
}

/** Logs what a listener threw. */
export function listenerFailed(warn: Warn, error: unknown): void {
  warn('a listener failed', error instanceof Error ? (error.stack ?? error.message) : String(error));
}
