import { mediaRoomName, parseMediaRoomName } from '@lianmai/protocol';
import type { IsAwaited, MediaPresence, RoomKey, Rooms } from '@lianmai/rooms';
import { DisconnectReason, WebhookEvent } from '@livekit/protocol';
import type { Logger } from 'pino';
import { presenceOf } from '../media/room-service.ts';
import type { MediaService } from '../media/service.ts';

export interface PresenceParts {
  readonly rooms: Rooms;
  readonly media: MediaService;
  /** The applications whose media rooms are ours. */
  readonly sdkAppIds: readonly number[];
  /** Whether this member's client is known to be there otherwise: his seat waits for his next participant. */
  readonly isAwaited: (key: RoomKey, userId: string) => boolean;
  readonly log: Logger;
}

/** Rooms whose events may wait at once; beyond it an event is dropped and the next comparison makes it good. */
const MAX_QUEUES = 20_000;
const LIST_PAGE = 100;
/** Ends that somebody has asked of the media service itself: nobody is to come back. */
const SENT_AWAY: ReadonlySet<DisconnectReason> = new Set([
  DisconnectReason.PARTICIPANT_REMOVED,
  DisconnectReason.ROOM_DELETED,
]);

/**
 * Keeps the members of rooms true to who is in the media rooms: by the media service's events, and by comparing from
 * time to time, which makes good what was missed. Work on one room goes one after the other, in the order it came.
 */
export class Presence {
  readonly #parts: PresenceParts;
  readonly #queues = new Map<string, Promise<void>>();
  /** What the media service was told to keep out, so that what has lapsed since is lifted. */
  #revoked = new Map<string, { room: string; userId: string }>();

  constructor(parts: PresenceParts) {
    this.#parts = parts;
    // Told at once after the store has it, so that the media door is shut before anybody hears of it.
    parts.rooms.onEvent((event) => {
      if (event.kind === 'kicked') this.#setRevocation(event.key, event.userId, true);
      if (event.kind === 'forgiven') this.#setRevocation(event.key, event.userId, false);
    });
  }

  /** An event in LiveKit's webhook JSON. Resolves when the rooms know; never rejects. */
  async handleJson(json: string): Promise<void> {
    let event: WebhookEvent;
    try {
      event = WebhookEvent.fromJsonString(json, { ignoreUnknownFields: true });
    } catch (error) {
      this.#parts.log.warn({ err: error }, 'an event of the media service cannot be read');
      return;
    }
    await this.handle(event);
  }

  async handle(event: WebhookEvent): Promise<void> {
    const name = event.room?.name ?? '';
    const key = this.#key(name);
    if (key === null || event.participant === undefined) return;
    const participant = presenceOf(event.participant);
    if (participant === null) return;
    const { disconnectReason } = event.participant;
    switch (event.event) {
      case 'participant_joined':
        return this.#enqueue(name, () => this.#joined(name, key, participant));
      case 'participant_left':
      case 'participant_connection_aborted':
        return this.#enqueue(name, () =>
          this.#parts.rooms.mediaLeft(
            key,
            participant,
            SENT_AWAY.has(disconnectReason) ? undefined : this.#awaitedIn(key),
          ),
        );
      default:
        return;
    }
  }

  /** The media service began anew: nobody is there, and those who were may come back. */
  async restarted(): Promise<void> {
    const { rooms, sdkAppIds } = this.#parts;
    for (const sdkAppId of sdkAppIds) await rooms.mediaRestarted(sdkAppId);
    this.#revoked.clear();
    await this.syncRevocations();
  }

  /** Compares every room of ours, and every media room, with the other side. Rejects when the media service is away. */
  reconcile(): Promise<void> {
    return this.#compare((key) => this.#awaitedIn(key));
  }

  /**
   * {@link reconcile} for a server that has just begun. Phones went with the one before, and come back to it: whoever is not
   * there has a lease for that.
   */
  reconcileAtStart(): Promise<void> {
    return this.#compare(() => () => true);
  }

  async #compare(awaitedIn: (key: RoomKey) => IsAwaited): Promise<void> {
    const names = new Set((await this.#parts.media.control.listRooms()).filter((name) => this.#key(name) !== null));
    for (const name of await this.#knownRooms()) names.add(name);
    for (const name of names) {
      const key = this.#key(name);
      if (key !== null) await this.#enqueue(name, () => this.#reconcileRoom(name, key, awaitedIn(key)));
    }
    await this.syncRevocations();
  }

  /** Tells the media service whom to keep out, and whom no longer. */
  async syncRevocations(): Promise<void> {
    const { rooms, media, log } = this.#parts;
    const standing = new Map<string, { room: string; userId: string }>();
    for (const { sdkAppId, roomId, userId } of await rooms.revocations()) {
      const room = mediaRoomName(sdkAppId, roomId);
      standing.set(`${room}/${userId}`, { room, userId });
    }
    const told = new Map<string, { room: string; userId: string }>();
    let failure: unknown;
    let failed = 0;
    const tell = (room: string, userId: string, revoked: boolean): boolean => {
      try {
        media.setRevocation(room, userId, revoked);
        return true;
      } catch (error) {
        failure ??= error;
        failed++;
        return false;
      }
    };
    // Lifted first: the media service may have no place for more. One it does not take is tried again the next time.
    for (const [id, one] of this.#revoked) {
      if (!standing.has(id) && !tell(one.room, one.userId, false)) told.set(id, one);
    }
    for (const [id, one] of standing) if (this.#revoked.has(id) || tell(one.room, one.userId, true)) told.set(id, one);
    this.#revoked = told;
    if (failed > 0) log.error({ err: failure, failed }, 'removed users are not all kept out at the media door');
  }

  /** Resolves when everything that has come in so far is done. */
  async idle(): Promise<void> {
    while (this.#queues.size > 0) await Promise.all(this.#queues.values());
  }

  #setRevocation(key: RoomKey, userId: string, revoked: boolean): void {
    const room = mediaRoomName(key.sdkAppId, key.roomId);
    try {
      this.#parts.media.setRevocation(room, userId, revoked);
    } catch (error) {
      // The rooms refuse him all the same when he appears, and the next comparison tries again.
      this.#parts.log.error({ err: error, room, userId }, 'the media door could not be told of a removal');
      return;
    }
    if (revoked) this.#revoked.set(`${room}/${userId}`, { room, userId });
    else this.#revoked.delete(`${room}/${userId}`);
  }

  #key(name: string): RoomKey | null {
    const key = parseMediaRoomName(name);
    return key !== null && this.#parts.sdkAppIds.includes(key.sdkAppId) ? key : null;
  }

  async #knownRooms(): Promise<string[]> {
    const names: string[] = [];
    for (const sdkAppId of this.#parts.sdkAppIds) {
      for (let skip = 0; ; skip += LIST_PAGE) {
        const page = await this.#parts.rooms.list(sdkAppId, { skip, limit: LIST_PAGE, order: 'oldest' });
        for (const room of page.rooms) names.push(mediaRoomName(sdkAppId, room.roomID));
        if (page.rooms.length < LIST_PAGE) break;
      }
    }
    return names;
  }

  async #joined(name: string, key: RoomKey, participant: MediaPresence): Promise<void> {
    if ((await this.#parts.rooms.mediaJoined(key, participant)) === 'seated') return;
    this.#parts.log.info({ room: name, userId: participant.userId }, 'refused in the media room');
    await this.#parts.media.control.removeParticipant(name, participant.userId);
  }

  async #reconcileRoom(name: string, key: RoomKey, isAwaited: IsAwaited): Promise<void> {
    // Listed inside the room's queue: an event that came before it has been dealt with, one that comes later waits.
    const participants = await this.#parts.media.control.listParticipants(name);
    const { refused } = await this.#parts.rooms.reconcile(key, participants, isAwaited);
    for (const { userId } of refused) await this.#parts.media.control.removeParticipant(name, userId);
  }

  #awaitedIn(key: RoomKey): IsAwaited {
    return (userId) => this.#parts.isAwaited(key, userId);
  }

  #enqueue(name: string, work: () => Promise<void>): Promise<void> {
    if (!this.#queues.has(name) && this.#queues.size >= MAX_QUEUES) {
      this.#parts.log.warn('too many rooms have events waiting; the next comparison makes it good');
      return Promise.resolve();
    }
    const done = (this.#queues.get(name) ?? Promise.resolve()).then(work).catch((error: unknown) => {
      this.#parts.log.warn({ err: error, room: name }, 'presence of a room could not be brought up to date');
    });
    this.#queues.set(name, done);
    return done.finally(() => {
      if (this.#queues.get(name) === done) this.#queues.delete(name);
    });
  }
}
