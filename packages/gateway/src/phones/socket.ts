import {
  PHONE_CODES,
  type PhoneCodeName,
  type PhoneEvent,
  type PhoneRequest,
  phoneRequestSchema,
} from '@lianmai/protocol';
import type { Logger } from 'pino';
import type { PhoneLimits } from '../config.ts';
import type { PhoneSignalConnection, PublicBases } from '../types.ts';
import { TokenBucket } from './token-bucket.ts';

type EndReason = Extract<PhoneEvent, { type: 'ended' }>['reason'];

export interface PhoneSocketParts {
  /** Where this phone reaches the server: its URLs are made with these. */
  readonly bases: PublicBases;
  readonly limits: PhoneLimits;
  readonly clock: () => number;
  readonly log: Logger;
  readonly onRequest: (request: PhoneRequest) => void;
  /** The WebSocket is gone, whoever closed it; told once. */
  readonly onGone: () => void;
}

/** Frames that wait until the HTTP side listens: it does so at once, so the welcome alone must fit. */
const MAX_EARLY_FRAMES = 16;
/** Frames come this many times as often as is allowed: no eager user, but a flood, and reading it costs. */
const FLOOD_FACTOR = 10;

/**
 * One signalling WebSocket of a phone. It reads and checks frames, bounds their rate, and writes events; what they mean is
 * the phone's business. A newer socket of the same phone takes over: this one is then ended.
 */
export class PhoneSocket implements PhoneSignalConnection {
  readonly bases: PublicBases;
  readonly #parts: PhoneSocketParts;
  #frameListener: ((frame: string) => void) | null = null;
  #closeListener: ((code: number, reason: string) => void) | null = null;
  #early: string[] = [];
  #closing: { code: number; reason: string } | null = null;
  #gone = false;
  readonly #requests: TokenBucket;
  readonly #frames: TokenBucket;
  #heardAt: number;

  constructor(parts: PhoneSocketParts) {
    this.#parts = parts;
    this.bases = parts.bases;
    this.#heardAt = parts.clock();
    const rate = parts.limits.requestsPerSecond;
    this.#requests = new TokenBucket(rate, rate * 3, parts.clock);
    this.#frames = new TokenBucket(rate * FLOOD_FACTOR, rate * 3 * FLOOD_FACTOR, parts.clock);
  }

  onFrame(listener: (frame: string) => void): void {
    this.#frameListener = listener;
    for (const frame of this.#early) listener(frame);
    this.#early = [];
  }

  onClose(listener: (code: number, reason: string) => void): void {
    this.#closeListener = listener;
    if (this.#closing !== null) listener(this.#closing.code, this.#closing.reason);
  }

  receive(frame: string): void {
    if (this.#gone || this.#closing !== null) return;
    const { limits, clock } = this.#parts;
    this.#heardAt = clock();
    if (frame.length > limits.maxFrameBytes) {
      this.#close(1009, 'too long');
      return;
    }
    if (!this.#frames.take()) {
      this.#close(OWN_CODES + PHONE_CODES.tooFast.code, 'too fast');
      return;
    }
    if (!this.#requests.take()) {
      this.notice('tooFast');
      return;
    }
    const request = parse(frame);
    if (request === 'unknown') return;
    if (request === null) this.notice('badRequest');
    else if (request.type === 'ping') this.send({ type: 'pong' });
    else this.#pass(request);
  }

  /** Called from a message of another thread, where nobody would catch what fails. */
  #pass(request: PhoneRequest): void {
    try {
      this.#parts.onRequest(request);
    } catch (error) {
      this.#parts.log.error({ err: error, request: request.type }, "a phone's request failed");
      this.notice('internal');
    }
  }

  closed(): void {
    if (this.#gone) return;
    this.#gone = true;
    this.#parts.onGone();
  }

  send(event: PhoneEvent): void {
    if (this.#gone || this.#closing !== null) return;
    const frame = JSON.stringify(event);
    if (this.#frameListener !== null) this.#frameListener(frame);
    else if (this.#early.length < MAX_EARLY_FRAMES) this.#early.push(frame);
  }

  notice(code: PhoneCodeName): void {
    this.send({ type: 'notice', ...PHONE_CODES[code] });
  }

  /** The last word: the stay is over. */
  end(reason: EndReason, code: PhoneCodeName): void {
    this.send({ type: 'ended', reason, ...PHONE_CODES[code] });
    this.#close(closeCode(reason, code), reason);
  }

  /** Every second or so: a phone that went out of reach closes nothing. */
  tick(): void {
    if (this.#parts.clock() - this.#heardAt > this.#parts.limits.idleMs) this.#close(4001, 'idle');
  }

  #close(code: number, reason: string): void {
    if (this.#gone || this.#closing !== null) return;
    this.#closing = { code, reason };
    this.#closeListener?.(code, reason);
    this.closed();
  }
}

const KNOWN: ReadonlySet<unknown> = new Set(phoneRequestSchema.options.map((option) => option.shape.type.value));

/** A type that is not known yet is left alone: newer clients may say more. */
function parse(frame: string): PhoneRequest | 'unknown' | null {
  let value: unknown;
  try {
    value = JSON.parse(frame);
  } catch {
    return null;
  }
  const parsed = phoneRequestSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const type = typeof value === 'object' && value !== null && 'type' in value ? value.type : undefined;
  return typeof type === 'string' && !KNOWN.has(type) ? 'unknown' : null;
}

/** From a code of the table to one of the private range: 20005 is 4005. */
const OWN_CODES = -16_000;

/** RFC 6455 §7.4: 1000 for an end that was wished for, 1012 for a restart, else our own code in the private range. */
function closeCode(reason: EndReason, code: PhoneCodeName): number {
  if (reason === 'server-restart') return 1012;
  return code === 'ok' ? 1000 : OWN_CODES + PHONE_CODES[code].code;
}
