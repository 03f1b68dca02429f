/** A media engine of rooms and participants without media, for tests: it answers LiveKit's server API and tells events. */
import type { ApiRequest, EngineEvent, MediaEngine, PlainAnswer } from '@lianmai/media';
import { DisconnectReason } from '@livekit/protocol';
import { TokenVerifier } from 'livekit-server-sdk';
import { z } from 'zod';

export interface FakeTrack {
  readonly sid: string;
  readonly type: 'AUDIO' | 'VIDEO';
  readonly source: 'MICROPHONE' | 'CAMERA' | 'SCREEN_SHARE';
  muted: boolean;
}

interface FakeParticipant {
  readonly sid: string;
  readonly identity: string;
  readonly tracks: FakeTrack[];
}

const requestSchema = z.object({
  room: z.string().optional(),
  identity: z.string().optional(),
  trackSid: z.string().optional(),
  muted: z.boolean().optional(),
});

export class FakeMedia {
  readonly rooms = new Map<string, Map<string, FakeParticipant>>();
  readonly revoked = new Set<string>();
  readonly calls: string[] = [];
  revocationLimit = Number.POSITIVE_INFINITY;
  /** When true, every call fails as if the service were away. */
  away = false;
  /** What its end takes its time for. */
  ending: () => Promise<void> = async () => {};
  readonly #keys: () => { key: string; secret: string };
  #listener: (json: string) => void = () => {};
  #restarted: (reason: string) => void = () => {};
  #count = 0;

  constructor(keys: () => { key: string; secret: string }) {
    this.#keys = keys;
  }

  onEvent(listener: (json: string) => void): void {
    this.#listener = listener;
  }

  /** A participant appears; answers his SID. */
  join(room: string, identity: string, tracks: FakeTrack[] = [], told = true): string {
    const sid = `PA_${++this.#count}`;
    const participants = this.rooms.get(room) ?? new Map<string, FakeParticipant>();
    this.rooms.set(room, participants.set(identity, { sid, identity, tracks }));
    if (told) this.#tell('participant_joined', room, { sid, identity });
    return sid;
  }

  /** A participant goes; unheard when there is no reason. */
  leave(room: string, identity: string, reason: DisconnectReason | null = DisconnectReason.CLIENT_INITIATED): void {
    const participant = this.rooms.get(room)?.get(identity);
    this.rooms.get(room)?.delete(identity);
    if (participant !== undefined && reason !== null) this.#tell('participant_left', room, participant, reason);
  }

  has(room: string, identity: string): boolean {
    return this.rooms.get(room)?.has(identity) ?? false;
  }

  /** Everything is lost, as when the worker dies. */
  restart(): void {
    this.rooms.clear();
    this.revoked.clear();
    this.#restarted('test');
  }

  /** One call of RoomService with a JSON body. */
  async call(method: string, authorization: string | null, text: string): Promise<{ status: number; body: string }> {
    if (this.away) throw new Error('the media service is away');
    const { key, secret } = this.#keys();
    const { video = {} } = await new TokenVerifier(key, secret).verify((authorization ?? '').replace('Bearer ', ''));
    const request = requestSchema.parse(JSON.parse(text));
    const room = request.room ?? '';
    const allowed =
      method === 'ListRooms'
        ? video.roomList
        : method === 'DeleteRoom'
          ? video.roomCreate
          : video.roomAdmin && video.room === room;
    if (allowed !== true) return { status: 403, body: '{"code":"permission_denied"}' };
    this.calls.push(`${method} ${room} ${request.identity ?? ''}`.trim());
    return this.#answer(method, room, request);
  }

  #answer(method: string, room: string, request: z.output<typeof requestSchema>): { status: number; body: string } {
    const participants = this.rooms.get(room);
    const missing = { status: 404, body: '{"code":"not_found"}' };
    const identity = request.identity ?? '';
    switch (method) {
      case 'ListRooms':
        return { status: 200, body: JSON.stringify({ rooms: [...this.rooms.keys()].map((name) => ({ name })) }) };
      case 'ListParticipants':
        if (participants === undefined) return missing;
        return { status: 200, body: JSON.stringify({ participants: [...participants.values()] }) };
      case 'RemoveParticipant':
        if (participants?.has(identity) !== true) return missing;
        this.leave(room, identity, DisconnectReason.PARTICIPANT_REMOVED);
        return { status: 200, body: '{}' };
      case 'MutePublishedTrack': {
        const track = participants?.get(identity)?.tracks.find((one) => one.sid === request.trackSid);
        if (track === undefined) return missing;
        track.muted = request.muted ?? true;
        return { status: 200, body: '{}' };
      }
      case 'DeleteRoom':
        if (participants === undefined) return missing;
        for (const one of [...participants.keys()]) this.leave(room, one, DisconnectReason.ROOM_DELETED);
        this.rooms.delete(room);
        return { status: 200, body: '{}' };
      default:
        return { status: 404, body: '{"code":"bad_route"}' };
    }
  }

  #tell(
    event: string,
    room: string,
    { sid, identity }: { sid: string; identity: string },
    reason = DisconnectReason.UNKNOWN_REASON,
  ): void {
    const participant = { sid, identity, name: identity, disconnectReason: DisconnectReason[reason] };
    this.#listener(JSON.stringify({ event, room: { name: room }, participant }));
  }

  /** The same as the server sees an embedded engine. */
  engine(): MediaEngine {
    const refused: PlainAnswer = { status: 503, contentType: 'text/plain', body: 'no media in this test' };
    return {
      addresses: [],
      openSignal: async () => ({ kind: 'refused', answer: refused }),
      validate: async () => refused,
      callApi: async (request: ApiRequest) => {
        const text = Buffer.from(request.body).toString();
        const answer = await this.call(request.method, request.authorization, text);
        return { ...answer, contentType: 'application/json' };
      },
      setRevocation: (room, identity, until) => {
        if (until === null) this.revoked.delete(`${room}/${identity}`);
        else if (this.revoked.size >= this.revocationLimit) throw new Error('too many revocations');
        else this.revoked.add(`${room}/${identity}`);
      },
      openLocal: () => Promise.reject(new Error('no media in this test')),
      onEvent: (listener: (event: EngineEvent) => void) =>
        this.onEvent((json) =>
          listener({ event: z.object({ event: z.string() }).parse(JSON.parse(json)).event, json }),
        ),
      onRestart: (listener) => {
        this.#restarted = listener;
      },
      // Everybody is sent away, and told of as gone.
      stop: async () => {
        for (const [room, participants] of this.rooms)
          for (const one of [...participants.keys()]) this.leave(room, one);
        await this.ending();
      },
    };
  }
}
