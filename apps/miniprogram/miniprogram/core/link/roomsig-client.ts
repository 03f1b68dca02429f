import { Backoff } from '../backoff.ts';
import type { Cause } from '../events.ts';
import type { HttpAnswer } from '../ports.ts';
import { readRoomsigAnswer, roomsigRequest } from '../wire/roomsig.ts';
import type { LinkParts } from './link.ts';

export type RoomsigResult =
  | { readonly kind: 'ok'; readonly body: unknown }
  /** `passing`: the next request may well be answered otherwise (no network, a server in trouble). */
  | { readonly kind: 'failed'; readonly cause: Cause; readonly passing: boolean };

const NO_TICKETS: Cause = {
  reason: 'ticket-expired',
  code: 0,
  message: 'The tickets have run out and no fresh ones came. Enter the room again.',
};

/** What is asked again: all, as the original does; or only what may be answered otherwise in a moment. */
export type RoomsigRepeats = 'every-failure' | 'what-may-pass';

/**
 * Asks for a roomsig until there is one or no hope: three repetitions two seconds apart as in the original, and once with
 * fresh tickets when these are not taken. Resolves with `null` when `alive` says that nobody waits any more.
 */
export async function fetchRoomsig(
  parts: LinkParts,
  host: string,
  repeats: RoomsigRepeats,
  alive: () => boolean,
): Promise<RoomsigResult | null> {
  const { ports, policy, tickets, place } = parts;
  const backoff = new Backoff(policy.roomsig, ports.clock.random);
  let renewed = false;
  for (;;) {
    const ticket = await tickets.get();
    if (!alive()) return null;
    if (ticket === null) return { kind: 'failed', cause: NO_TICKETS, passing: false };
    const { url, body } = roomsigRequest(host, {
      sdkAppId: place.sdkAppId,
      roomId: place.roomId,
      userId: place.userId,
      userSig: ticket.userSig,
      privateMapKey: ticket.privateMapKey,
      random: Math.floor(ports.clock.random() * 2 ** 31),
    });
    const answer = await post(parts, url, body);
    if (!alive()) return null;
    const read = 'reason' in answer ? ({ kind: 'again', cause: answer } as const) : readRoomsigAnswer(answer);
    if (read.kind === 'ok') return read;
    if (read.kind === 'tickets' && !renewed) {
      renewed = true;
      tickets.refuse();
      continue;
    }
    const wait = repeats === 'every-failure' || read.kind === 'again' ? backoff.next() : null;
    if (wait === null) return { kind: 'failed', cause: read.cause, passing: read.kind === 'again' };
    await pause(parts, wait);
    if (!alive()) return null;
  }
}

async function post({ ports, policy }: LinkParts, url: string, body: unknown): Promise<HttpAnswer | Cause> {
  try {
    return await ports.post(url, body, policy.answerMs);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return { reason: 'network', code: 0, message: `The server could not be reached: ${why}` };
  }
}

function pause({ ports }: LinkParts, ms: number): Promise<void> {
  return new Promise((resolve) => {
    ports.clock.after(ms, resolve);
  });
}
