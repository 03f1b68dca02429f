import type { PhoneEvent, PhoneStream } from '@lianmai/protocol/phone-signal';
import { Backoff } from '../backoff.ts';
import { HOPELESS_PUSH, PUSHER, TICKET_CLOSE_CODES } from '../codes.ts';
import type { Cause, PusherEvent } from '../events.ts';
import { type RemoteStream, streamKey, userListMessage } from '../members/stream.ts';
import { type RoomUrls, readRoomUrls } from '../wire/roomsig.ts';
import type { Link, LinkParts, LinkRequest, Reply } from './link.ts';
import { fetchRoomsig } from './roomsig-client.ts';
import { Signalling } from './signalling.ts';

/** The last frame's reasons after which the phone comes back by itself, by what it needs for that. */
const COMES_BACK: Readonly<Record<string, 'same-url' | 'fresh-tickets'>> = {
  'server-restart': 'same-url',
  expired: 'fresh-tickets',
};

/** Privilege bits to send sound (4) and picture (16). */
const SEND = 4 | 16;

/** Close code 1012 of the WebSocket registry. */
const SERVICE_RESTART = 1012;

/** live-pusher tells of the network every two seconds; the others need to know less often. */
const NET_STATUS_MS = 4_000;

/**
 * A stay in a self-hosted room: roomsig with `FromType` 3, signalling, then the push. On plain RTMP live-pusher knows no room:
 * 1018–1021 and 1031–1034 are made here from signalling, 1018 before the first 1020. What live-pusher says itself (1001,
 * 1002 and all others) is its own affair and passes by this link unchanged, so nothing comes twice.
 */
export class RtmpLink implements Link {
  readonly #parts: LinkParts;
  readonly #signalling: Signalling;
  readonly #backoff: Backoff;
  #closed = false;
  #urls: RoomUrls | null = null;
  #entered = false;
  #pushed = false;
  #awaitingPush = false;
  #version = -1;
  #streams: readonly RemoteStream[] = [];
  #camera = false;
  #microphone = false;
  #fetching = false;
  #renewing = false;
  #netToldAt = 0;
  #cancelReconnect: (() => void) | null = null;

  constructor(parts: LinkParts) {
    this.#parts = parts;
    this.#backoff = new Backoff(parts.policy.signal, parts.ports.clock.random);
    this.#signalling = new Signalling(parts.ports, parts.policy.answerMs, {
      event: (event) => this.#heard(event),
      lost: (code, reason) => this.#lost(code, reason),
    });
  }

  enter(): void {
    void this.#fetchUrls();
  }

  close(goodbye: boolean): void {
    if (this.#closed) return;
    if (goodbye) this.#signalling.send({ type: 'leave' });
    this.#closed = true;
    this.#cancelReconnect?.();
    this.#signalling.close();
  }

  pusherEvent(event: PusherEvent): void {
    // Plain RTMP has no rooms: should a client tell of them all the same, signalling knows better.
    if (event.code >= PUSHER.roomIn && event.code <= PUSHER.roomInFailed) return;
    if (event.code >= PUSHER.userEnter && event.code <= PUSHER.audio) return;
    this.#parts.host.event(event);
  }

  /** Plain RTMP has no rooms that a stopped push would leave. */
  halted(): void {}

  freshPush(): void {
    this.#awaitingPush = true;
    this.#renew();
  }

  freshPlay(): void {
    this.#renew();
  }

  state(camera: boolean, microphone: boolean): void {
    if (camera === this.#camera && microphone === this.#microphone) return;
    this.#camera = camera;
    this.#microphone = microphone;
    this.#tellState();
  }

  netStatus(info: Readonly<Record<string, unknown>>): void {
    const now = this.#parts.ports.clock.now();
    if (now - this.#netToldAt < NET_STATUS_MS) return;
    this.#netToldAt = now;
    const number = (name: string) => {
      const value = info[name];
      return typeof value === 'number' && Number.isFinite(value) ? { [name]: value } : {};
    };
    this.#signalling.send({
      type: 'netstatus',
      ...number('videoBitrate'),
      ...number('audioBitrate'),
      ...number('videoFPS'),
      ...number('videoGOP'),
      ...number('netSpeed'),
      ...number('netJitter'),
    });
  }

  ask(request: LinkRequest): Promise<Reply> {
    return this.#signalling.ask(request);
  }

  wake(): void {
    if (this.#closed || this.#fetching) return;
    if (this.#cancelReconnect !== null) {
      // Waiting for a try that may as well be made now.
      this.#cancelReconnect();
      this.#tryAgain();
      return;
    }
    this.#signalling.probe();
  }

  /** The next try, now: by the URL at hand, or by roomsig where that has had its time. */
  #tryAgain(): void {
    this.#cancelReconnect = null;
    if (this.#urls === null) void this.#fetchUrls();
    else this.#connect();
  }

  /** Asks signalling for fresh URLs; without it, roomsig. */
  #renew(): void {
    if (this.#closed || this.#renewing || this.#fetching) return;
    if (!this.#signalling.open) {
      // A connection that is coming brings URLs with its welcome.
      return;
    }
    this.#renewing = true;
    void this.#signalling.ask({ type: 'renew' }).then((reply) => {
      this.#renewing = false;
      if (this.#closed || reply.code === 0 || !this.#signalling.open) return;
      void this.#fetchUrls();
    });
  }

  async #fetchUrls(): Promise<void> {
    if (this.#fetching) return;
    this.#fetching = true;
    const result = await fetchRoomsig(this.#parts, this.#parts.place.server, 'what-may-pass', () => !this.#closed);
    this.#fetching = false;
    if (result === null || this.#closed) return;
    if (result.kind === 'failed') {
      // On the way back only a refusal is the end: the server may be as far away as its signalling.
      if (this.#entered && result.passing) this.#comeBack(result.cause.message, false);
      else this.#parts.host.roomsigFailed(result.cause);
      return;
    }
    const urls = readRoomUrls(result.body);
    if (urls === null) {
      const message = 'The server answered no URLs for a phone. Is it a Lianmai server with phones switched on?';
      this.#parts.host.roomsigFailed({ reason: 'server', code: 0, message });
      return;
    }
    this.#takeUrls(urls);
    if (!this.#signalling.open) this.#connect();
  }

  #connect(): void {
    this.#cancelReconnect = null;
    if (this.#urls !== null) this.#signalling.connect(this.#urls.signalUrl);
  }

  #takeUrls(urls: RoomUrls): void {
    this.#urls = urls;
    if (!this.#awaitingPush) return;
    this.#awaitingPush = false;
    this.#parts.host.push(urls.pushUrl);
  }

  #heard(event: PhoneEvent): void {
    const { host } = this.#parts;
    switch (event.type) {
      case 'welcome':
        this.#welcome(event);
        return;
      case 'roster':
        this.#roster(event.roster.version, event.roster.userlist, event.renewed);
        return;
      case 'urls':
        this.#takeUrls(event.urls);
        return;
      case 'refused':
        this.#refused(event);
        return;
      case 'ended':
        this.#ended(event.reason, event.code, event.message);
        return;
      case 'owner':
        host.owner(event.ownerid);
        return;
      case 'muted':
        host.mutedByOwner(event.kind, event.muted);
        return;
      case 'chat':
        host.chat(event.message);
        return;
      case 'quality':
        host.quality(event.userid, event.quality);
        return;
      case 'notice':
        host.notice({ reason: 'notice', code: event.code, message: event.message });
        return;
      default:
        return;
    }
  }

  #welcome(event: Extract<PhoneEvent, { type: 'welcome' }>): void {
    const { host } = this.#parts;
    const first = !this.#entered;
    this.#entered = true;
    this.#backoff.reset();
    // Told before the first push, so that what is switched off never passes.
    this.#tellState();
    host.reconnecting(false);
    host.event({ code: PUSHER.roomIn, message: first ? 'entered the room' : 'entered the room again' });
    if (this.#closed) return;
    host.owner(event.ownerid);
    host.mutedByOwner('audio', event.muted.audio);
    host.mutedByOwner('video', event.muted.video);
    this.#roster(event.roster.version, event.roster.userlist, false, true);
    host.history(event.chat, event.self.name);
    if (this.#closed) return;
    // Who may send neither sound nor picture is a viewer: a push would only be refused.
    if (!this.#pushed && (event.self.privileges & SEND) !== 0) {
      this.#pushed = true;
      this.#awaitingPush = true;
    }
    this.#takeUrls(event.urls);
  }

  /** @param told the list is told in any case: it is the first one of a connection */
  #roster(version: number, userlist: readonly PhoneStream[], renewed: boolean, told = false): void {
    // The first list of a connection is how things are, whatever was known before it.
    if (version <= this.#version && !told) return;
    this.#version = version;
    const before = this.#streams;
    const next = userlist.map(toStream);
    this.#streams = next;
    if (!renewed) this.#tellChanges(before, next);
    const { host } = this.#parts;
    if (!this.#closed) host.streams(next, renewed);
    if (!this.#closed && (!renewed || told)) host.event({ code: PUSHER.userList, message: userListMessage(next) });
  }

  /** 1031–1034, which the newer clients of Tencent's service know: quits first, then entries, then tracks. */
  #tellChanges(before: readonly RemoteStream[], after: readonly RemoteStream[]): void {
    const { host } = this.#parts;
    const tell = (code: number, users: readonly object[]) => {
      if (users.length > 0 && !this.#closed) host.event({ code, message: JSON.stringify({ userlist: users }) });
    };
    const usersBefore = new Set(before.map((stream) => stream.userId));
    const usersAfter = new Set(after.map((stream) => stream.userId));
    tell(PUSHER.userExit, named([...usersBefore].filter((user) => !usersAfter.has(user))));
    tell(PUSHER.userEnter, named([...usersAfter].filter((user) => !usersBefore.has(user))));
    const old = new Map(before.map((stream) => [stream.key, stream]));
    const video = after.filter((stream) => (old.get(stream.key)?.hasVideo ?? false) !== stream.hasVideo);
    const now = new Set(after.map((stream) => stream.key));
    const unshared = before.filter((stream) => stream.streamType === 'aux' && !now.has(stream.key));
    tell(PUSHER.video, [...video, ...unshared.map((stream) => ({ ...stream, hasVideo: false }))].map(videoEntry));
    const audio = after.filter((stream) => stream.streamType === 'main');
    tell(
      PUSHER.audio,
      audio.filter((stream) => (old.get(stream.key)?.hasAudio ?? false) !== stream.hasAudio).map(audioEntry),
    );
  }

  #refused(event: Extract<PhoneEvent, { type: 'refused' }>): void {
    if (event.door !== 'push') return;
    const cause = { reason: 'push-refused', code: event.code, message: event.message };
    if (HOPELESS_PUSH.has(event.code)) this.#parts.host.pushRefused(cause);
    else this.#parts.host.notice(cause);
  }

  #ended(reason: string, code: number, message: string): void {
    const way = COMES_BACK[reason];
    if (way === undefined) {
      this.#end({ reason, code, message });
      return;
    }
    this.#signalling.close();
    if (way === 'fresh-tickets') this.#urls = null;
    this.#comeBack('', reason === 'server-restart');
  }

  #lost(code: number, reason: string): void {
    if (this.#closed) return;
    if (TICKET_CLOSE_CODES.has(code)) this.#urls = null;
    else if (this.#urls !== null && this.#urls.expiresAt <= this.#parts.ports.clock.now()) this.#urls = null;
    this.#comeBack(reason, code === SERVICE_RESTART);
  }

  #comeBack(why: string, restarting: boolean): void {
    const { host, ports } = this.#parts;
    if (this.#entered && this.#backoff.used === 0) {
      host.reconnecting(true, restarting);
      host.event({ code: PUSHER.reenter, message: 'the connection was lost, entering again' });
      if (this.#closed) return;
    }
    const wait = this.#backoff.next();
    if (wait === null) {
      const message = `The connection to the room was lost and does not come back${why === '' ? '' : ` (${why})`}.`;
      this.#end({ reason: 'network', code: 0, message });
      return;
    }
    this.#cancelReconnect?.();
    this.#cancelReconnect = ports.clock.after(wait, () => this.#tryAgain());
  }

  #end(cause: Cause): void {
    const { host } = this.#parts;
    host.event({ code: PUSHER.roomOut, message: cause.message });
    if (this.#closed) return;
    host.ended(cause);
  }

  #tellState(): void {
    this.#signalling.send({ type: 'state', camera: this.#camera, microphone: this.#microphone });
  }
}

function toStream(stream: PhoneStream): RemoteStream {
  return {
    key: streamKey(stream.userid, stream.streamtype),
    userId: stream.userid,
    name: stream.name === '' ? stream.userid : stream.name,
    streamType: stream.streamtype,
    playUrl: stream.playurl,
    flvUrl: stream.flvurl,
    hasVideo: stream.hasvideo,
    hasAudio: stream.hasaudio,
    missing: stream.missing ?? '',
  };
}

function named(users: readonly string[]): object[] {
  return users.map((userid) => ({ userid }));
}

function videoEntry(stream: RemoteStream): object {
  return {
    userid: stream.userId,
    playurl: stream.playUrl,
    streamtype: stream.streamType,
    hasvideo: stream.hasVideo,
  };
}

function audioEntry(stream: RemoteStream): object {
  return { userid: stream.userId, playurl: stream.playUrl, hasaudio: stream.hasAudio };
}
