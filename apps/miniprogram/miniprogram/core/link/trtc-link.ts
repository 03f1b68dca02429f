import { Backoff } from '../backoff.ts';
import { PUSHER } from '../codes.ts';
import type { Cause, PusherEvent } from '../events.ts';
import type { RemoteStream } from '../members/stream.ts';
import { newPushUrl, oldPushUrl, type RoomUrlParts, urlForm } from '../wire/room-urls.ts';
import { tencentHost } from '../wire/roomsig.ts';
import { applyListChange, parseUserList, streamsOfUserList } from '../wire/userlist.ts';
import type { Link, LinkParts, LinkRequest, Reply } from './link.ts';
import { fetchRoomsig } from './roomsig-client.ts';

/** Events of the newer clients, which tell changes. */
const CHANGES = new Map<number, 'enter' | 'exit' | 'video' | 'audio'>([
  [PUSHER.userEnter, 'enter'],
  [PUSHER.userExit, 'exit'],
  [PUSHER.video, 'video'],
  [PUSHER.audio, 'audio'],
]);

/**
 * A stay in a room of Tencent's media service. The phone itself asks for the roomsig (the answer picks the media server by its
 * address) and live-pusher does the rest: 1018–1021 and 1031–1034 are its own.
 */
export class TrtcLink implements Link {
  readonly #parts: LinkParts;
  readonly #form: 'old' | 'new';
  readonly #backoff: Backoff;
  #closed = false;
  #entered = false;
  #fetching = false;
  #ticketsTried = false;
  /** A push was stopped here: one 1019 is its echo. */
  #ownEnd = false;
  #streams: RemoteStream[] = [];
  #cancelWait: (() => void) | null = null;

  constructor(parts: LinkParts) {
    this.#parts = parts;
    this.#form = urlForm(parts.ports.client);
    this.#backoff = new Backoff(parts.policy.reenter, parts.ports.clock.random);
  }

  enter(): void {
    void this.#push();
  }

  close(): void {
    this.#closed = true;
    this.#cancelWait?.();
  }

  pusherEvent(event: PusherEvent): void {
    const { host } = this.#parts;
    const { code } = event;
    const change = CHANGES.get(code);
    if (change !== undefined) {
      // The older form tells the whole list by 1020; both together would count people twice.
      host.event(event);
      if (this.#form === 'new') this.#list(applyListChange(this.#streams, change, parseUserList(event.message) ?? []));
      return;
    }
    switch (code) {
      case PUSHER.userList: {
        host.event(event);
        const users = this.#form === 'old' ? parseUserList(event.message) : null;
        if (users !== null) this.#list(streamsOfUserList(users));
        return;
      }
      case PUSHER.roomIn:
        this.#in(event);
        return;
      case PUSHER.roomOut:
        host.event(event);
        if (this.#ownEnd) {
          this.#ownEnd = false;
          return;
        }
        this.#end({
          reason: 'out',
          code,
          message: event.message || 'The room could not be entered, or has been left.',
        });
        return;
      case PUSHER.reenter:
        host.event(event);
        this.#reenter();
        return;
      case PUSHER.roomInFailed:
      case PUSHER.enterFailed:
      case PUSHER.badUserSig:
        host.event(event);
        this.#enterFailed(event);
        return;
      default:
        host.event(event);
    }
  }

  halted(): void {
    this.#ownEnd = true;
    this.#entered = false;
  }

  freshPush(): void {
    void this.#push();
  }

  /** Play URLs of this service do not age. */
  freshPlay(): void {}

  /** live-pusher tells the service itself what is switched on. */
  state(): void {}

  netStatus(): void {}

  ask(request: LinkRequest): Promise<Reply> {
    const message = `"${request.type}" needs a self-hosted room: Tencent's service carries no signalling of ours.`;
    return Promise.resolve({ code: -1, message });
  }

  /** 1021 tells by itself when the network has changed. */
  wake(): void {}

  async #push(): Promise<void> {
    if (this.#fetching || this.#closed) return;
    this.#fetching = true;
    const url = await this.#pushUrl();
    this.#fetching = false;
    if (url === null || this.#closed) return;
    this.#cancelWait?.();
    if (!this.#entered) {
      this.#cancelWait = this.#parts.ports.clock.after(this.#parts.policy.answerMs * 2, () => {
        const message = "The room could not be entered: Tencent's media service does not answer.";
        this.#end({ reason: 'network', code: 0, message });
      });
    }
    this.#parts.host.push(url);
  }

  /** A URL with tickets that are good now; `null` when there is none, which has been told. */
  async #pushUrl(): Promise<string | null> {
    const { host, place, tickets } = this.#parts;
    const alive = () => !this.#closed;
    let rspBody: unknown = null;
    if (this.#form === 'old') {
      const result = await fetchRoomsig(this.#parts, tencentHost(place.useCloud), 'every-failure', alive);
      if (result === null) return null;
      if (result.kind === 'failed') {
        host.roomsigFailed(result.cause);
        return null;
      }
      rspBody = result.body;
    }
    const ticket = await tickets.get();
    if (!alive()) return null;
    if (ticket === null) {
      const message = 'The tickets have run out and no fresh ones came. Enter the room again.';
      this.#end({ reason: 'ticket-expired', code: 0, message });
      return null;
    }
    const parts: RoomUrlParts = { ...place, userSig: ticket.userSig, privateMapKey: ticket.privateMapKey };
    return this.#form === 'old' ? oldPushUrl(parts, rspBody) : newPushUrl(parts);
  }

  #in(event: PusherEvent): void {
    const { host } = this.#parts;
    this.#entered = true;
    this.#ownEnd = false;
    this.#ticketsTried = false;
    this.#cancelWait?.();
    this.#backoff.reset();
    host.reconnecting(false);
    host.event(event);
    // Who went while the phone was outside is never told of by 1032: everybody who is there comes anew.
    if (this.#form === 'new' && this.#streams.length > 0) this.#list([]);
  }

  #list(streams: RemoteStream[]): void {
    this.#streams = streams;
    if (!this.#closed) this.#parts.host.streams(streams, false);
  }

  /** The network has changed: the original entered again with the tickets of before, which may long have run out. */
  #reenter(): void {
    const { host, ports } = this.#parts;
    if (this.#closed) return;
    host.reconnecting(true);
    const wait = this.#backoff.next();
    if (wait === null) {
      this.#end({
        reason: 'network',
        code: PUSHER.reenter,
        message: 'The network keeps changing: entering again failed.',
      });
      return;
    }
    // Left first, as the original does: a push that runs would keep the room of the old network.
    host.halt();
    this.#cancelWait?.();
    this.#cancelWait = ports.clock.after(wait, () => void this.#push());
  }

  /** A ticket that is not taken is asked for anew once; any other failure to enter is final. */
  #enterFailed(event: PusherEvent): void {
    if (this.#closed) return;
    if (event.code === PUSHER.badUserSig && !this.#ticketsTried) {
      this.#ticketsTried = true;
      this.#parts.tickets.refuse();
      this.#reenter();
      return;
    }
    const message = event.message || 'The room could not be entered.';
    const reason = event.code === PUSHER.badUserSig ? 'ticket-invalid' : 'refused';
    this.#end({ reason, code: event.code, message });
  }

  #end(cause: Cause): void {
    if (!this.#closed) this.#parts.host.ended(cause);
  }
}
