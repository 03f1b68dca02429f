import { RECOVERY, type RecoveryPolicy } from '../backoff.ts';
import { PUSHER, ROOM_ERROR, ROOM_OK } from '../codes.ts';
import {
  type Cause,
  endsStay,
  failure,
  ok,
  type PusherEvent,
  permissionEvent,
  type RoomEvent,
  roomEventOfPlayer,
  roomEventOfPusher,
} from '../events.ts';
import type { ImEvent } from '../im.ts';
import type { Link, LinkHost, LinkParts, LinkRequest, Reply } from '../link/link.ts';
import { RtmpLink } from '../link/rtmp-link.ts';
import { TrtcLink } from '../link/trtc-link.ts';
import { userListMessage } from '../members/stream.ts';
import { Players } from '../players.ts';
import type { Ports } from '../ports.ts';
import { TicketHolder, type TicketReason, type Tickets } from '../tickets.ts';
import { templateOf } from '../view/layout.ts';
import { buildView, type RoomView, smallViewOf } from '../view/room-view.ts';
import { Conversation } from './conversation.ts';
import { type Facts, NO_FACTS } from './facts.ts';
import { Members, placingOf } from './members.ts';
import { DEFAULT_OPTIONS, type RoomOptions, refuseOptions, serverBase } from './options.ts';
import { Stay } from './phase.ts';
import { PushRecovery } from './push-recovery.ts';
import { buildStatus, type RoomStatus } from './status.ts';
import { Wishes } from './wishes.ts';

/** Where the controller's news go: the component turns them into `setData` and `triggerEvent`. */
export interface RoomHost {
  /** `view()` and `status()` answer something new. */
  changed(): void;
  room(event: RoomEvent): void;
  im(event: ImEvent): void;
  pusher(event: PusherEvent): void;
  tickets(reason: TicketReason, expiresAt: number): void;
}

/** Longer out of sight than this, players are started anew: systems stop them silently (a call, the lock screen), ms. */
const HIDDEN_MS = 5_000;

/** One room of one component: its properties, methods and native events in, its events and view out. Nothing is global. */
export class RoomController {
  readonly #ports: Ports;
  readonly #policy: RecoveryPolicy;
  readonly #host: RoomHost;
  readonly #tickets: TicketHolder;
  readonly #stay = new Stay();
  readonly #members = new Members();
  readonly #players: Players;
  readonly #conversation: Conversation;
  #push: PushRecovery;
  #link: Link | null = null;
  #options: RoomOptions = DEFAULT_OPTIONS;
  #startAgain = false;
  #facts: Facts = NO_FACTS;
  #notice: Cause | null = null;
  #swapped = false;
  readonly #wishes = new Wishes();
  #hiddenAt: number | null = null;
  #suspended = false;

  constructor(ports: Ports, host: RoomHost, policy: RecoveryPolicy = RECOVERY) {
    this.#ports = ports;
    this.#policy = policy;
    this.#host = host;
    this.#tickets = new TicketHolder(ports.clock, policy.ticketMs, (reason, expiresAt) =>
      host.tickets(reason, expiresAt),
    );
    this.#players = new Players(ports.clock, policy, {
      changed: () => host.changed(),
      renew: () => this.#link?.freshPlay(),
      shows: (userId) => this.#shows(userId),
    });
    this.#conversation = new Conversation((event) => host.im(event));
    this.#push = this.#newPush();
  }

  configure(options: RoomOptions): void {
    const before = this.#options;
    this.#options = options;
    if (before.template !== options.template) this.#swapped = false;
    if (before.template !== options.template || before.roomCreator !== options.roomCreator) this.#arrange();
    this.#switched();
  }

  setTickets(tickets: Tickets): void {
    this.#tickets.set(tickets);
  }

  /** Enters the room; in the room already, it starts a push that stands still. */
  start(): void {
    const { phase } = this.#stay;
    if (phase === 'leaving') {
      this.#startAgain = true;
      return;
    }
    if (phase !== 'idle') {
      this.#push.again();
      return;
    }
    const refused = refuseOptions(this.#options);
    if (refused !== null) {
      this.#host.room(failure(ROOM_ERROR.roomsig, refused));
      return;
    }
    this.#stay.take('start');
    this.#suspended = false;
    this.#notice = null;
    this.#tickets.activate(true);
    const { roomID, userID, enableIM } = this.#options;
    this.#conversation.begin(enableIM, String(roomID), userID);
    this.#push = this.#newPush();
    this.#link = this.#newLink();
    this.#switched();
    this.#link.enter();
  }

  /** Leaves the room on purpose. */
  exit(): void {
    if (this.#suspended) this.#wishes.clear();
    this.#startAgain = this.#suspended = false;
    this.#leave(true);
  }

  pause(): void {
    if (this.#stay.phase !== 'in') return;
    this.#ports.pusher.pause();
    this.#players.pause(true);
  }

  resume(): void {
    if (this.#stay.phase !== 'in') return;
    this.#ports.pusher.resume();
    this.#players.pause(false);
  }

  switchCamera(): void {
    this.#ports.pusher.switchCamera();
  }

  /** The page went out of sight: nobody is filmed there, and what breaks is mended on the way back. */
  hide(): void {
    if (this.#hiddenAt !== null) return;
    this.#hiddenAt = this.#ports.clock.now();
    this.#push.hold(true);
    this.#switched(false);
  }

  show(): void {
    const since = this.#hiddenAt;
    if (since === null) return;
    this.#hiddenAt = null;
    if (this.#suspended) {
      this.start();
      return;
    }
    this.#switched(false);
    this.#link?.wake();
    this.#push.hold(false);
    if (!this.#players.paused && this.#ports.clock.now() - since > HIDDEN_MS) {
      this.#players.pause(true);
      this.#players.pause(false);
    }
  }

  /** The network came back or is another one. */
  networkChanged(): void {
    this.#link?.wake();
  }

  dispose(): void {
    this.exit();
    this.#tickets.activate(false);
  }

  /** `bindstatechange` of live-pusher. */
  onPusher(code: number, message: string): void {
    if (this.#stay.phase === 'idle' || this.#stay.phase === 'leaving') return;
    this.#link?.pusherEvent({ code, message });
  }

  /** `binderror` of live-pusher. */
  onPusherError(errorCode: number): void {
    const told = permissionEvent(errorCode);
    if (told !== null) this.#host.room(told);
  }

  onNetStatus(info: Readonly<Record<string, unknown>>): void {
    this.#link?.netStatus(info);
  }

  /** `bindstatechange` of a live-player. */
  onPlayer(key: string, code: number): void {
    const stream = this.#members.all.find((one) => one.key === key);
    if (stream === undefined || this.#stay.phase !== 'in') return;
    const event = roomEventOfPlayer(code, stream.userId);
    if (event !== null) this.#host.room(event);
    this.#players.event(key, code);
  }

  /** A tap on a tile: tries one again that failed, shows one that is hidden; in templates of big and small exchanges the two. */
  tap(key: string): void {
    const stream = this.#members.all.find((one) => one.key === key);
    if (this.#players.view(key).failed) this.#players.retry(key);
    else if (stream?.hasVideo && !this.#shows(stream.userId)) this.#wishes.video(true, stream.userId, '');
    else this.#swapped = !this.#swapped;
    this.#host.changed();
  }

  /** Shows or hides one's own picture, or another's on this phone alone. */
  enableVideo(on: boolean, userId: string): void {
    this.#wishes.video(on, userId, this.#options.userID);
    this.#switched();
  }

  /** Switches one's own microphone, or another's sound on this phone alone. */
  enableAudio(on: boolean, userId: string): void {
    this.#wishes.audio(on, userId, this.#options.userID);
    this.#switched();
  }

  get conversation(): Conversation {
    return this.#conversation;
  }

  /** Asks the room for something that is answered; code −1 when there is nobody to ask. */
  ask(request: LinkRequest): Promise<Reply> {
    if (this.#link !== null) return this.#link.ask(request);
    return Promise.resolve({ code: -1, message: 'Not in a room. Call start() first.' });
  }

  view(): RoomView {
    const options = this.#options;
    return buildView({
      phase: this.#stay.phase,
      reconnecting: this.#facts.reconnecting,
      template: templateOf(options.template),
      swapped: this.#swapped,
      small: smallViewOf(options),
      roomCreator: options.roomCreator,
      selfId: options.userID,
      selfName: options.userName || options.userID,
      camera: this.#filming && !this.#facts.mutedByOwner.video,
      microphone: this.#speaking && !this.#facts.mutedByOwner.audio,
      seated: this.#members.seated,
      waiting: this.#members.waiting,
      player: (key) => this.#players.view(key),
      deaf: this.#wishes.deaf,
      shows: (userId) => this.#shows(userId),
    });
  }

  status(): RoomStatus {
    return buildStatus({
      phase: this.#stay.phase,
      facts: this.#facts,
      streams: this.#members.all,
      seated: this.#members.seated,
      player: (key) => this.#players.view(key),
      notice: this.#notice,
    });
  }

  #newLink(): Link {
    const { media, roomID, userID, sdkAppID, server, useCloud, pureAudioPushMod, recordId } = this.#options;
    const parts: LinkParts = {
      ports: this.#ports,
      policy: this.#policy,
      tickets: this.#tickets,
      place: {
        roomId: roomID,
        userId: userID,
        sdkAppId: sdkAppID,
        server: serverBase(server),
        useCloud,
        pureAudioPushMod,
        recordId,
      },
      host: this.#linkHost(this.#stay.generation),
    };
    return media === 'room' ? new TrtcLink(parts) : new RtmpLink(parts);
  }

  /** What a link tells goes on only while its stay lasts. */
  #linkHost(generation: number): LinkHost {
    const during = <A extends unknown[]>(act: (...args: A) => void) => {
      return (...args: A): void => {
        if (this.#stay.isCurrent(generation)) act(...args);
      };
    };
    return {
      push: during((url) => this.#pushTo(url)),
      halt: during(() => this.#push.interrupt()),
      event: during((event) => this.#event(event)),
      streams: during((streams, renewed) => {
        this.#members.take(streams, placingOf(this.#options));
        this.#players.sync(this.#members.seated, renewed);
        if (!renewed) this.#host.room(ok(ROOM_OK.members, userListMessage(streams)));
        this.#tellOver();
        this.#host.changed();
      }),
      reconnecting: during((on, restarting = false) => {
        this.#learn({ reconnecting: on, restarting });
        if (on) this.#conversation.lost();
      }),
      pushRefused: during((cause) => {
        this.#push.abandon();
        this.#learn({ unsent: false });
        void this.#ports.pusher.stop();
        this.#host.room(failure(ROOM_ERROR.push, cause));
      }),
      roomsigFailed: during((cause) => this.#fail(ROOM_ERROR.roomsig, cause)),
      ended: during((cause) => {
        this.#conversation.ended(cause.reason, cause.message);
        this.#fail(ROOM_ERROR.entry, cause);
      }),
      owner: during((userId) => {
        const { owner } = this.#facts;
        this.#learn({ owner: userId });
        if (owner !== '' && owner !== userId) this.#conversation.owner(userId);
      }),
      mutedByOwner: during((kind, muted) => {
        this.#learn({ mutedByOwner: { ...this.#facts.mutedByOwner, [kind]: muted } });
      }),
      history: during((chat, selfName) => this.#conversation.history(chat, selfName)),
      chat: during((message) => this.#conversation.chat(message)),
      quality: during((userId, quality) => {
        this.#learn({ qualities: { ...this.#facts.qualities, [userId]: quality } });
      }),
      notice: during((cause) => {
        this.#notice = cause;
        this.#host.changed();
      }),
    };
  }

  #learn(news: Partial<Facts>): void {
    this.#facts = { ...this.#facts, ...news };
    this.#host.changed();
  }

  #newPush(): PushRecovery {
    const recovery = new PushRecovery(this.#ports.clock, this.#policy, {
      halt: () => {
        this.#link?.halted();
        void this.#ports.pusher.stop();
        this.#learn({ unsent: true });
      },
      fresh: () => this.#link?.freshPush(),
      gaveUp: (code) => {
        const message = 'The connection for sending was lost and does not come back.';
        this.#fail(ROOM_ERROR.push, { reason: 'network', code, message });
      },
    });
    recovery.hold(this.#hiddenAt !== null);
    return recovery;
  }

  #pushTo(url: string): void {
    this.#push.started();
    this.#ports.pusher.start(url);
  }

  #event(event: PusherEvent): void {
    const generation = this.#stay.generation;
    this.#host.pusher(event);
    if (!this.#stay.isCurrent(generation) || this.#push.event(event.code)) return;
    if (event.code === PUSHER.pushing) this.#learn({ unsent: false });
    if (event.code === PUSHER.roomIn) {
      this.#stay.take('entered');
      this.#host.changed();
    }
    const told = roomEventOfPusher(event.code);
    if (!endsStay(event.code)) {
      if (told !== null) this.#host.room(told);
      return;
    }
    const suspended = event.code === PUSHER.suspended;
    this.#leave(!suspended);
    this.#suspended = suspended;
    if (told !== null) this.#host.room(told);
  }

  /** The stay is over for this reason. It is left before it is told: the page may well call `start` in answer. */
  #fail(code: number, cause: Cause): void {
    if (this.#leave(true)) this.#host.room(failure(code, cause));
  }

  /** Whether there was a stay to leave. Without a goodbye it goes on when the page is shown: what is off is off then, too. */
  #leave(goodbye: boolean): boolean {
    if (!this.#stay.take('leave')) return false;
    const generation = this.#stay.generation;
    this.#push.abandon();
    this.#link?.close(goodbye);
    this.#link = null;
    this.#conversation.end();
    this.#tickets.activate(false);
    this.#players.clear();
    this.#members.clear();
    this.#facts = NO_FACTS;
    if (goodbye) this.#wishes.clear();
    this.#swapped = false;
    this.#host.changed();
    void this.#ports.pusher.stop().then(() => {
      if (!this.#stay.isCurrent(generation) || !this.#stay.take('left')) return;
      this.#host.changed();
      if (!this.#startAgain) return;
      this.#startAgain = false;
      this.start();
    });
    return true;
  }

  /** All wishes for the camera taken together. Out of sight nobody is filmed, unless WeChat has a picture to send instead. */
  get #filming(): boolean {
    const { enableCamera, waitingImg } = this.#options;
    return enableCamera && !this.#wishes.cameraOff && (this.#hiddenAt === null || waitingImg !== '');
  }

  get #speaking(): boolean {
    return !this.#options.muted && !this.#wishes.microphoneOff;
  }

  #shows(userId: string): boolean {
    return this.#wishes.shows(userId, this.#options.autoplay);
  }

  #arrange(): void {
    this.#members.arrange(placingOf(this.#options));
    this.#players.sync(this.#members.seated, false);
    this.#tellOver();
  }

  #tellOver(): void {
    if (!this.#members.tellOver()) return;
    const message = `More people are here than the template shows (${placingOf(this.#options).size}): the others appear by name.`;
    this.#host.room(failure(ROOM_ERROR.tooMany, { reason: 'too-many', code: 0, message }));
  }

  /** Camera or microphone may be another now. Being covered and shown is no choice: it lifts no mute of the owner's. */
  #switched(chosen = true): void {
    if (chosen || !this.#facts.mutedByOwner.video) this.#link?.state(this.#filming, this.#speaking);
    this.#host.changed();
  }
}
