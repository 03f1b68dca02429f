import {
  hasPrivilege,
  PHONE_CODES,
  type PhoneChat,
  type PhoneCodeName,
  type PhoneQuality,
  type PhoneRequest,
  PRIVILEGE,
} from '@lianmai/protocol';
import type { PhoneLimits } from '../config.ts';
import type { Guest } from '../doors/gate.ts';
import { rtmpRefusal } from '../doors/refusal.ts';
import type { GatewayHost, PhoneAction, RoomNotice } from '../host.ts';
import { type Link, LinkAway, type LinkEnd, type LinkQuality, type RemoteParticipant } from '../link/types.ts';
import { Phone, type PhoneEnd, type PhoneParts } from '../phones/phone.ts';
import type { PublishAdmission } from '../rtmp/types.ts';
import type { TappableBroadcast, ViewEnd, Viewer, ViewerSocket } from '../stream/types.ts';
import type { PhoneSignalConnection, PublicBases } from '../types.ts';
import { Announcer } from './announcer.ts';
import { Channel } from './channel.ts';
import { ChatLog } from './chat-log.ts';
import type { ChatMessage } from './chat-message.ts';
import { Membership } from './membership.ts';
import { Remotes, type RemotesParts } from './remotes.ts';
import { Views } from './views.ts';

export interface RoomParts extends Omit<RemotesParts, 'onChanged'> {
  readonly sdkAppId: number;
  readonly roomId: string;
  readonly ticketKey: Uint8Array;
  readonly ticketSeconds: number;
  readonly limits: PhoneLimits;
  readonly host: GatewayHost;
  readonly link: Link;
  readonly createPublish: PhoneParts['createPublish'];
  readonly wallClock: () => number;
  /** False when the gateway has its most phones. */
  readonly mayAdd: () => boolean;
  /** Nobody is here any more. */
  readonly onEmpty: (room: GatewayRoom) => void;
}

/** A stream that may be played. */
export interface View {
  /** Serves a socket of this thread. Throws when there are too many viewers. */
  attach(format: 'flv' | 'rtmp', socket: ViewerSocket): Viewer;
  /** For a viewer who is served in another thread; `onEnd`: he must be ended there. */
  share(onEnd: (reason: ViewEnd) => void): { readonly broadcast: TappableBroadcast; release(): void };
}

interface HeldPhone {
  readonly phone: Phone;
  readonly channel: Channel;
  readonly member: Membership;
}

/**
 * One room as phones see it: the phones themselves, everybody else by the eyes of one hidden participant, the streams that
 * can be played, and the conversation. It exists while a phone is in it.
 */
export class GatewayRoom {
  readonly roomId: string;
  readonly #parts: RoomParts;
  readonly #phones = new Map<string, HeldPhone>();
  readonly #remotes: Remotes;
  readonly #watcher: Membership;
  readonly #announcer: Announcer;
  readonly #views = new Views();
  readonly #chat: ChatLog;
  /** By user id, as told last: it is told on change, and newcomers have heard none. */
  readonly #qualities = new Map<string, PhoneQuality>();
  /** What the watcher told last. */
  #participants: readonly RemoteParticipant[] = [];
  /** Participants of phones that have gone: the media room tells of them a little longer. */
  readonly #departed = new Set<string>();
  #ownerId = '';
  #closed = false;

  constructor(parts: RoomParts) {
    this.#parts = parts;
    this.roomId = parts.roomId;
    this.#chat = new ChatLog(parts.limits.chatHistory);
    this.#remotes = new Remotes({ ...parts, onChanged: () => this.#announcer.changed() });
    this.#announcer = new Announcer({
      ...parts,
      phones: () => [...this.#phones.values()].map(({ phone }) => phone),
      states: () => [...[...this.#phones.values()].map(({ phone }) => phone.state), ...this.#remotes.states()],
    });
    this.#watcher = new Membership({
      link: parts.link,
      token: () => parts.host.mediaToken({ roomId: parts.roomId, user: null }),
      log: parts.log,
      isFinal: () => false,
      onOver: () => {},
      onSession: (session) => this.#remotes.setSession(session),
      onResumed: () => this.#remotes.resumed(),
      onParticipants: (participants) => this.#onParticipants(participants),
      onChat: (message) => this.#onChat(message),
      onQuality: (identity, quality) => this.#onQuality(identity, quality),
    });
    this.#watcher.start();
  }

  get phones(): number {
    return this.#phones.size;
  }

  get pushes(): number {
    let count = 0;
    for (const { phone } of this.#phones.values()) if (phone.pushing) count++;
    return count;
  }

  get views(): number {
    return this.#views.size;
  }

  /** Null when the room has its most phones. */
  openSignal(guest: Guest, bases: PublicBases): PhoneSignalConnection | null {
    return this.#phone(guest)?.openSignal(guest, bases) ?? null;
  }

  openPush(guest: Guest): PublishAdmission | null {
    if (!mayPush(guest)) {
      this.refused(guest.userId, 'push', 'notAllowed');
      return { kind: 'refused', refusal: rtmpRefusal('push', 'notAllowed') };
    }
    return this.#phone(guest)?.openPush(guest) ?? null;
  }

  /** What a play URL names, ready to be attached to; or why not. */
  openView(guest: Guest): View | PhoneCodeName {
    const { userId, streamType, tracks } = guest.ticket;
    if (!mayPlay(guest)) return 'notAllowed';
    if (this.#views.of(guest.userId) >= this.#parts.limits.maxViewsPerPhone) return 'busy';
    const held = this.#phones.get(userId);
    const channel = held === undefined ? this.#remotes.channel(userId, streamType) : held.channel;
    if (channel === null || (held !== undefined && streamType === 'aux') || !channel.offers(tracks)) {
      return 'streamNotFound';
    }
    return {
      attach: (format, socket) => this.#views.watch(guest.userId, channel, tracks, format, socket),
      share: (onEnd) => this.#views.share(guest.userId, channel, tracks, onEnd),
    };
  }

  /** Somebody was refused under the name of a user of this room. */
  refused(userId: string, door: 'push' | 'play', code: PhoneCodeName): void {
    this.#phones.get(userId)?.phone.refused(door, code);
  }

  notice(notice: RoomNotice): void {
    switch (notice.kind) {
      case 'kicked':
        this.#remove(notice.userId, 'kicked', 'kicked');
        return;
      case 'left':
        if (notice.reason === 'quit') this.#remove(notice.userId, 'left', 'ok');
        // He did not wish it: he is told so, and may come back.
        else this.#remove(notice.userId, 'expired', 'notHere');
        return;
      case 'owner':
        this.#setOwner(notice.ownerId);
        return;
      case 'ended':
        this.#views.endAll('revoked');
        for (const { phone } of [...this.#phones.values()]) phone.end('dissolved', 'roomEnded');
    }
  }

  /** Every 10 ms or so. */
  tickMedia(): void {
    this.#remotes.tick();
  }

  /** Every 100 ms or so. */
  tick(): void {
    for (const { phone } of [...this.#phones.values()]) phone.tick();
    this.#announcer.tick();
  }

  /** The gateway goes down: phones come back by themselves. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#announcer.close();
    this.#views.endAll('shutdown');
    const members = [...this.#phones.values()];
    for (const { phone } of members) phone.end('server-restart', 'internal');
    this.#remotes.close();
    await Promise.allSettled([...members.map(({ member }) => member.stop()), this.#watcher.stop()]);
  }

  #phone(guest: Guest): Phone | null {
    this.#setOwner(guest.ownerId);
    const existing = this.#phones.get(guest.userId);
    if (existing !== undefined) return existing.phone;
    if (this.#phones.size >= this.#parts.limits.maxPhonesPerRoom || !this.#parts.mayAdd()) return null;
    const { host, link, log, roomId, limits, createBroadcast, createPublish, clock } = this.#parts;
    // RTMP knows no request for a keyframe: a phone that plays a phone waits for its own next one.
    const channel = new Channel({ createBroadcast, onKeyframeNeeded: () => {}, onWatched: () => {} });
    const phone = new Phone({
      guest,
      limits,
      channel,
      createPublish,
      clock,
      log,
      onSocket: (one) => this.#welcome(one),
      onRequest: (one, request) => {
        this.#onRequest(one, request).catch((error: unknown) => {
          log.error({ err: error, request: request.type }, "a phone's request failed");
          one.notice('internal');
        });
      },
      onChanged: () => this.#announcer.changed(),
      onQuality: (one, quality) => this.#tellQuality(one.userId, quality),
      onGone: (one, end) => this.#gone(one, end),
    });
    const member = new Membership({
      link,
      log,
      token: () => {
        const { userId, name: userName, privileges } = phone;
        return host.mediaToken({ roomId, user: { userId, userName, privileges } });
      },
      isFinal: (end) => end === 'duplicate-identity' || end === 'removed' || end === 'refused',
      onSession: (session) => phone.setSession(session),
      onOver: (end) => overBy(phone, end),
    });
    this.#phones.set(guest.userId, { phone, channel, member });
    // Whoever was seen from afar until now comes with a phone: his streams are the phone's from here on.
    this.#remotes.drop(guest.userId);
    this.#announcer.forget(guest.userId);
    member.start();
    this.#announcer.changed();
    return phone;
  }

  #remove(userId: string, end: 'kicked' | 'left' | 'expired', code: PhoneCodeName): void {
    this.#announcer.remember(userId, LEFT_BY[end] ?? 'left');
    this.#views.end(userId, 'revoked');
    this.#phones.get(userId)?.phone.end(end, code);
  }

  #gone(phone: Phone, end: PhoneEnd): void {
    const held = this.#phones.get(phone.userId);
    if (held === undefined) return;
    this.#phones.delete(phone.userId);
    this.#qualities.delete(phone.userId);
    this.#announcer.remember(phone.userId, LEFT_BY[end] ?? 'left');
    held.channel.end('source-ended');
    this.#views.end(phone.userId, 'revoked');
    if (this.#closed) return;
    if (held.member.sid !== null) this.#departed.add(held.member.sid);
    void held.member.stop();
    this.#announcer.changed();
    if (this.#phones.size > 0) {
      // A browser that took this phone's place was nobody else until now.
      this.#meet();
      return;
    }
    this.#parts.onEmpty(this);
    void this.close();
  }

  #onParticipants(participants: readonly RemoteParticipant[]): void {
    this.#participants = participants;
    const present = new Set(participants.map(({ sid }) => sid));
    for (const sid of this.#departed) if (!present.has(sid)) this.#departed.delete(sid);
    this.#meet();
  }

  /** Sees who is there besides the phones. */
  #meet(): void {
    const others = this.#participants.filter(
      ({ identity, sid }) => !this.#phones.has(identity) && !this.#departed.has(sid),
    );
    const tracks = others.flatMap((participant) => participant.tracks);
    // One who encrypts among others who do not, pushing phones among them, is marked as such: he must not be able to send
    // everybody's phones away.
    if (this.pushes === 0 && tracks.length > 0 && tracks.every((track) => track.encrypted)) {
      for (const { phone } of [...this.#phones.values()]) phone.end('encrypted', 'encrypted');
      return;
    }
    for (const { identity } of others) if (!this.#remotes.has(identity)) this.#announcer.forget(identity);
    this.#remotes.update(others);
    for (const userId of this.#qualities.keys()) {
      if (!this.#phones.has(userId) && !this.#remotes.has(userId)) this.#qualities.delete(userId);
    }
  }

  #welcome(phone: Phone): void {
    this.#announcer.announce(phone);
    phone.send({
      type: 'welcome',
      self: { userid: phone.userId, name: phone.name, privileges: phone.privileges },
      roomid: this.roomId,
      ownerid: this.#ownerId,
      roster: this.#announcer.roster(phone),
      urls: this.#announcer.urls(phone),
      chat: this.#chat.messages(),
      muted: { audio: phone.muted.audio, video: phone.muted.video },
      idleMs: this.#parts.limits.idleMs,
    });
    for (const [userid, quality] of this.#qualities) phone.send({ type: 'quality', userid, quality });
  }

  #setOwner(ownerId: string): void {
    if (ownerId === this.#ownerId) return;
    this.#ownerId = ownerId;
    for (const { phone } of this.#phones.values()) phone.send({ type: 'owner', ownerid: ownerId });
  }

  async #onRequest(phone: Phone, request: PhoneRequest): Promise<void> {
    const reply = (id: number, code: PhoneCodeName) => phone.send({ type: 'reply', id, ...PHONE_CODES[code] });
    switch (request.type) {
      case 'chat':
        return reply(request.id, this.#say(phone, request.text));
      case 'kick':
        return reply(request.id, await this.#act(phone, { kind: 'kick', memberId: request.userid }));
      case 'mute':
        return reply(
          request.id,
          await this.#act(phone, { kind: 'mute', memberId: request.userid, track: request.kind }),
        );
      case 'dissolve':
        return reply(request.id, await this.#act(phone, { kind: 'dissolve' }));
      case 'renew':
        this.#announcer.renewFor(phone);
        return reply(request.id, 'ok');
      case 'leave':
        phone.end('left', 'ok');
        await this.#act(phone, { kind: 'leave' });
        return;
      case 'netstatus':
        this.#parts.log.debug({ userId: phone.userId, netstatus: request }, 'network of a phone');
        return;
      default:
        return;
    }
  }

  async #act({ userId }: Phone, action: PhoneAction): Promise<PhoneCodeName> {
    try {
      return await this.#parts.host.act({ roomId: this.roomId, userId, action });
    } catch (error) {
      this.#parts.log.error({ err: error, action: action.kind }, "a phone's request failed");
      return 'internal';
    }
  }

  #say(phone: Phone, text: string): PhoneCodeName {
    const message: ChatMessage = {
      id: crypto.randomUUID(),
      from: phone.userId,
      text,
      time: this.#parts.wallClock(),
    };
    // Browsers hear it by the phone's own participant; while it is away nobody hears it, so that it can be said again.
    if (phone.session === null) return 'busy';
    try {
      phone.session.sendChat(message);
    } catch (error) {
      if (error instanceof LinkAway) return 'busy';
      this.#parts.log.warn({ err: error, userId: phone.userId }, 'a message was not sent');
      return 'internal';
    }
    this.#spread({ id: message.id, userid: phone.userId, name: phone.name, text, time: message.time });
    return 'ok';
  }

  #onChat(message: ChatMessage): void {
    // A phone's own words were spread when it said them.
    if (this.#phones.has(message.from)) return;
    const { id, from, text, time } = message;
    this.#spread({ id, userid: from, name: this.#remotes.name(from), text, time });
  }

  #spread(message: PhoneChat): void {
    if (!this.#chat.add(message)) return;
    for (const { phone } of this.#phones.values()) {
      if (phone.userId !== message.userid) phone.send({ type: 'chat', message });
    }
  }

  #onQuality(userid: string, quality: LinkQuality): void {
    if (!this.#phones.has(userid) && this.#remotes.has(userid)) this.#tellQuality(userid, quality);
  }

  /** A phone hears of its own too. */
  #tellQuality(userid: string, quality: PhoneQuality): void {
    this.#qualities.set(userid, quality);
    for (const { phone } of this.#phones.values()) phone.send({ type: 'quality', userid, quality });
  }
}

const LEFT_BY: Partial<Record<PhoneEnd, 'kicked' | 'lost' | 'duplicate' | 'dissolved' | 'server-restart'>> = {
  kicked: 'kicked',
  dissolved: 'dissolved',
  duplicate: 'duplicate',
  lost: 'lost',
  'server-restart': 'server-restart',
  expired: 'lost',
};

/** The media service ended the phone's participant for good. */
function overBy(phone: Phone, end: LinkEnd): void {
  if (end === 'duplicate-identity') phone.end('duplicate', 'duplicate');
  else if (end === 'removed') phone.end('kicked', 'kicked');
  else phone.end('refused', 'notAllowed');
}

/** False when not a frame of his push would go anywhere. */
export function mayPush({ privileges }: Guest): boolean {
  return hasPrivilege(privileges, PRIVILEGE.sendVideo) || hasPrivilege(privileges, PRIVILEGE.sendAudio);
}

function mayPlay({ privileges, ticket }: Guest): boolean {
  const { video, audio } = ticket.tracks;
  if (ticket.streamType === 'aux') return hasPrivilege(privileges, PRIVILEGE.receiveSubStream);
  return (
    (!video || hasPrivilege(privileges, PRIVILEGE.receiveVideo)) &&
    (!audio || hasPrivilege(privileges, PRIVILEGE.receiveAudio))
  );
}
