import type { Rooms } from '@lianmai/rooms';
import type { Logger } from 'pino';
import type { LoginCodes } from '../identity/login-codes.ts';
import type { Presence } from './presence.ts';

/** Repeats a task, each run after the one before has ended; a failure is logged and the next run comes. */
export function repeat(seconds: number, log: Logger, what: string, task: () => Promise<unknown>): () => void {
  let stopped = false;
  let timer: NodeJS.Timeout;
  const schedule = () => {
    timer = setTimeout(async () => {
      try {
        await task();
      } catch (error) {
        log.warn({ err: error }, `${what} failed; it is tried again in ${seconds} s`);
      }
      if (!stopped) schedule();
    }, seconds * 1000);
  };
  schedule();
  return () => {
    stopped = true;
    clearTimeout(timer);
  };
}

/** Sweeping and comparing from time to time. Answers how to stop it. */
export function startTimers(
  parts: { rooms: Rooms; codes: LoginCodes; presence: Presence; log: Logger },
  every: { sweepSeconds: number; reconcileSeconds: number },
): () => void {
  const stops = [
    repeat(every.sweepSeconds, parts.log, 'freeing lapsed seats', () => parts.rooms.sweep()),
    repeat(every.sweepSeconds, parts.log, 'forgetting login codes', () => parts.codes.sweep()),
    repeat(every.reconcileSeconds, parts.log, 'comparing rooms with the media service', () =>
      parts.presence.reconcile(),
    ),
  ];
  return () => {
    for (const stop of stops) stop();
  };
}
