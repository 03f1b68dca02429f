import {
  PHONE_CODES,
  type PhoneCodeName,
  type PhoneEvent,
  type PhoneQuality,
  type PhoneRequest,
} from '@lianmai/protocol';
import type { Logger } from 'pino';
import type { PhoneLimits } from '../config.ts';
import type { Guest } from '../doors/gate.ts';
import type { IngressTrouble } from '../ingress/types.ts';
import type { LinkSession } from '../link/types.ts';
import type { Channel } from '../room/channel.ts';
import { type StreamState, silent } from '../room/roster.ts';
import type { PublishAdmission } from '../rtmp/types.ts';
import type { PhoneSignalConnection, PublicBases } from '../types.ts';
import type { PhonePublish, PhonePublishParts, Switches } from './publish.ts';
import { PhoneSocket } from './socket.ts';

/** Why a phone's stay ended. */
export type PhoneEnd = Extract<PhoneEvent, { type: 'ended' }>['reason'] | 'lost';

export interface PhoneParts {
  readonly guest: Guest;
  readonly limits: PhoneLimits;
  readonly channel: Channel;
  readonly createPublish: (
    parts: Pick<
      PhonePublishParts,
      'privileges' | 'channel' | 'onChanged' | 'onQuality' | 'onTrouble' | 'onMutedByServer' | 'onEnd'
    >,
  ) => PhonePublish;
  readonly clock: () => number;
  readonly log: Logger;
  /** A socket is there: tell it everything. */
  readonly onSocket: (phone: Phone) => void;
  readonly onRequest: (phone: Phone, request: PhoneRequest) => void;
  /** Its entry in the roster has changed. */
  readonly onChanged: () => void;
  /** How well its push arrives has changed. */
  readonly onQuality: (phone: Phone, quality: PhoneQuality) => void;
  /** It has gone, for good; told once. */
  readonly onGone: (phone: Phone, end: PhoneEnd) => void;
}

/** Somebody who says no ticket is good for a name is told at most so often. */
const REFUSAL_PAUSE_MS = 2_000;

/**
 * One phone in a room: its signalling, its push, and what its user and the owner let through. It is there from the first
 * signalling or push until it leaves, is ended, or both have been gone for longer than the resume time.
 */
export class Phone {
  readonly userId: string;
  name: string;
  privileges: number;
  readonly #parts: PhoneParts;
  #socket: PhoneSocket | null = null;
  #publish: PhonePublish | null = null;
  #session: LinkSession | null = null;
  /** What the user chose, as last told. */
  #declared: Switches = { video: true, audio: true };
  /** What the owner switched off; the user lifts it by switching it on again. */
  #muted = { video: false, audio: false };
  #absentSince: number | null;
  #refusedAt = Number.NEGATIVE_INFINITY;
  #bases: PublicBases | null = null;
  #over = false;

  constructor(parts: PhoneParts) {
    const { guest } = parts;
    this.#parts = parts;
    this.userId = guest.userId;
    this.name = guest.userName;
    this.privileges = guest.privileges;
    this.#absentSince = parts.clock();
  }

  /** Where this phone reaches the server; null when it never had signalling. */
  get bases(): PublicBases | null {
    return this.#bases;
  }

  get muted(): Readonly<{ video: boolean; audio: boolean }> {
    return this.#muted;
  }

  get pushing(): boolean {
    return this.#publish !== null;
  }

  get state(): StreamState {
    return {
      ...silent(this.userId, this.name),
      tracks: this.#parts.channel.available,
      muted: this.#publish?.muted ?? false,
    };
  }

  /** A signalling WebSocket: a newer one takes the older one's place. */
  openSignal(guest: Guest, bases: PublicBases): PhoneSignalConnection {
    this.#update(guest);
    this.#bases = bases;
    const before = this.#socket;
    const socket: PhoneSocket = new PhoneSocket({
      bases,
      limits: this.#parts.limits,
      clock: this.#parts.clock,
      log: this.#parts.log,
      onRequest: (request) => this.#socket === socket && this.#onRequest(request),
      onGone: () => {
        if (this.#socket !== socket) return;
        this.#socket = null;
        this.#absence();
      },
    });
    this.#socket = socket;
    before?.end('duplicate', 'duplicate');
    this.#absence();
    this.#parts.onSocket(this);
    return socket;
  }

  /** A push: a newer one takes the older one's place. */
  openPush(guest: Guest): PublishAdmission {
    this.#update(guest);
    this.#publish?.end('replaced');
    const publish: PhonePublish = this.#parts.createPublish({
      privileges: this.privileges,
      channel: this.#parts.channel,
      onChanged: this.#parts.onChanged,
      onQuality: (quality) => this.#parts.onQuality(this, quality),
      onTrouble: (trouble) => this.#onTrouble(trouble),
      onMutedByServer: (track, muted) => this.mutedByServer(track, muted),
      onEnd: (code, reason) => {
        if (this.#publish !== publish) return;
        this.#publish = null;
        this.#absence();
        this.#parts.onChanged();
        if (code !== null && code !== 'replaced') this.#tellRefused('push', code);
        this.send({ type: 'push', state: 'ended', reason });
      },
    });
    this.#publish = publish;
    publish.setSwitches(this.#switches());
    publish.setSession(this.#session);
    this.#absence();
    return {
      kind: 'accepted',
      sink: publish,
      started: (publishing) => {
        publish.started(publishing);
        if (this.#publish === publish) this.send({ type: 'push', state: 'started', reason: '' });
      },
    };
  }

  /** The phone's participant in the media room, or null while there is none. */
  setSession(session: LinkSession | null): void {
    this.#session = session;
    this.#publish?.setSession(session);
  }

  /** Its participant in the media room, or null while there is none. */
  get session(): LinkSession | null {
    return this.#session;
  }

  /** Tells its user something; nobody hears it while there is no signalling. */
  notice(code: PhoneCodeName): void {
    this.#socket?.notice(code);
  }

  send(event: PhoneEvent): void {
    this.#socket?.send(event);
  }

  /** A door said no to somebody under this phone's name: it may be the phone itself, which sees no reason. */
  refused(door: 'push' | 'play', code: PhoneCodeName): void {
    // Whoever knows the name can try a push under it; a phone that pushes has no bad ticket.
    if (door === 'push' && code === 'badTicket' && this.pushing) return;
    const now = this.#parts.clock();
    if (now - this.#refusedAt < REFUSAL_PAUSE_MS) return;
    this.#refusedAt = now;
    this.#tellRefused(door, code);
  }

  #tellRefused(door: 'push' | 'play', code: PhoneCodeName): void {
    this.send({ type: 'refused', door, ...PHONE_CODES[code] });
  }

  mutedByServer(track: 'audio' | 'video', muted: boolean): void {
    if (this.#muted[track] === muted) return;
    this.#muted[track] = muted;
    this.send({ type: 'muted', kind: track, muted });
    this.#apply();
  }

  /** Ends the stay: the phone is told why, its push is closed. */
  end(end: PhoneEnd, code: PhoneCodeName): void {
    if (this.#over) return;
    this.#over = true;
    const socket = this.#socket;
    const publish = this.#publish;
    this.#socket = null;
    this.#publish = null;
    if (end !== 'lost') socket?.end(end, code);
    publish?.end(code === 'ok' ? 'roomEnded' : code);
    this.#parts.onGone(this, end);
  }

  /** Every 100 ms or so. */
  tick(): void {
    this.#socket?.tick();
    this.#publish?.tick();
    const { clock, limits } = this.#parts;
    if (this.#absentSince !== null && clock() - this.#absentSince > limits.resumeMs) this.end('lost', 'ok');
  }

  #update(guest: Guest): void {
    this.name = guest.userName;
    this.privileges = guest.privileges;
  }

  #absence(): void {
    const there = this.#socket !== null || this.#publish !== null;
    this.#absentSince = there ? null : this.#parts.clock();
  }

  #onRequest(request: PhoneRequest): void {
    if (request.type === 'state') {
      const declared = { video: request.camera, audio: request.microphone };
      // Switching on again what the owner had switched off is the user's right, as it is in a browser.
      for (const kind of ['video', 'audio'] as const) {
        if (!declared[kind] || this.#declared[kind] || !this.#muted[kind]) continue;
        this.#muted[kind] = false;
        this.send({ type: 'muted', kind, muted: false });
      }
      this.#declared = declared;
      this.#apply();
      return;
    }
    this.#parts.onRequest(this, request);
  }

  #apply(): void {
    this.#publish?.setSwitches(this.#switches());
    this.#parts.onChanged();
  }

  #switches(): Switches {
    return {
      video: this.#declared.video && !this.#muted.video,
      audio: this.#declared.audio && !this.#muted.audio,
    };
  }

  #onTrouble(trouble: IngressTrouble): void {
    const { log } = this.#parts;
    log.warn({ userId: this.userId, trouble: trouble.kind, detail: trouble.detail }, "a phone's push is not whole");
    const code: PhoneCodeName = trouble.kind === 'no-audio-codec' ? 'noAudioCodec' : 'notAllowed';
    this.notice(code);
  }
}
