import { isUserId, LianmaiError } from '@lianmai/protocol';
import type { MediaPresence } from '@lianmai/rooms';
import {
  ListParticipantsResponse,
  ListRoomsResponse,
  type ParticipantInfo,
  ParticipantInfo_Kind,
  TrackSource,
  TrackType,
} from '@livekit/protocol';
import { AccessToken, type VideoGrant } from 'livekit-server-sdk';
import type { KeyPair } from '../identity/server-key.ts';

/** The HTTP answer of a server API call. */
export interface ApiAnswer {
  readonly status: number;
  readonly body: string;
}

/** Carries one Twirp call (`livekit.RoomService/<method>`, JSON) to the media service. Rejects when it is not there. */
export type ApiTransport = (method: string, body: string, authorization: string) => Promise<ApiAnswer>;

/** What the server asks of the media service, embedded or external: the same calls of LiveKit's server API to both. */
export interface MediaControl {
  /** Removes a participant; quietly when he is not there. */
  removeParticipant(room: string, identity: string): Promise<void>;
  /** Mutes every microphone (`audio`) or every camera (`video`) track of a participant; quietly when he has none. */
  mute(room: string, identity: string, kind: 'audio' | 'video'): Promise<void>;
  /** Ends a media room; quietly when there is none. */
  deleteRoom(room: string): Promise<void>;
  /** Names of the media rooms. */
  listRooms(): Promise<string[]>;
  /** Who is in a media room, as far as they are users of ours; empty when there is no such room. */
  listParticipants(room: string): Promise<MediaPresence[]>;
}

/**
 * A participant as a member of ours; null for hidden ones, agents, recorders and identities that are no user ids.
 *
 * LiveKit's clients may open a second connection of one user that only publishes, as `<user>#<suffix>`. It is told under
 * that name, which no seat of ours can have, so that the rooms refuse it: it would hold no seat and outlive a kick.
 */
export function presenceOf(participant: ParticipantInfo): MediaPresence | null {
  if (participant.kind !== ParticipantInfo_Kind.STANDARD || participant.permission?.hidden === true) return null;
  const [userId, suffix] = participant.identity.split('#', 2);
  if (!isUserId(participant.identity) && !(isUserId(userId) && suffix !== undefined)) return null;
  return {
    userId: participant.identity,
    userName: participant.name || participant.identity,
    participantSid: participant.sid,
  };
}

/**
 * {@link MediaControl} over LiveKit's RoomService.
 * Every call rejects with LianmaiError('mediaUnavailable') when the service does not do its work.
 */
export function createRoomService(pair: KeyPair, transport: ApiTransport): MediaControl {
  async function call(method: string, request: object, grant: VideoGrant): Promise<string | null> {
    const token = new AccessToken(pair.key, pair.secret, { ttl: 60 });
    token.addGrant(grant);
    let answer: ApiAnswer;
    try {
      answer = await transport(method, JSON.stringify(request), `Bearer ${await token.toJwt()}`);
    } catch (error) {
      throw new LianmaiError('mediaUnavailable', undefined, { cause: error });
    }
    if (answer.status === 200) return answer.body;
    if (answer.status === 404) return null;
    throw new LianmaiError('mediaUnavailable', undefined, {
      cause: new Error(`${method} answered ${answer.status}: ${answer.body.slice(0, 200)}`),
    });
  }

  async function participants(room: string): Promise<ParticipantInfo[]> {
    const json = await call('ListParticipants', { room }, { roomAdmin: true, room });
    return json === null
      ? []
      : ListParticipantsResponse.fromJsonString(json, { ignoreUnknownFields: true }).participants;
  }

  return {
    async removeParticipant(room, identity) {
      await call('RemoveParticipant', { room, identity }, { roomAdmin: true, room });
    },
    async mute(room, identity, kind) {
      const participant = (await participants(room)).find((one) => one.identity === identity);
      const tracks = (participant?.tracks ?? []).filter((track) =>
        kind === 'audio'
          ? track.type === TrackType.AUDIO && track.source !== TrackSource.SCREEN_SHARE_AUDIO
          : track.type === TrackType.VIDEO && track.source !== TrackSource.SCREEN_SHARE,
      );
      for (const track of tracks) {
        const request = { room, identity, trackSid: track.sid, muted: true };
        await call('MutePublishedTrack', request, { roomAdmin: true, room });
      }
    },
    async deleteRoom(room) {
      await call('DeleteRoom', { room }, { roomCreate: true });
    },
    async listRooms() {
      const json = await call('ListRooms', {}, { roomList: true });
      if (json === null) return [];
      return ListRoomsResponse.fromJsonString(json, { ignoreUnknownFields: true }).rooms.map((room) => room.name);
    },
    async listParticipants(room) {
      return (await participants(room)).map(presenceOf).filter((presence) => presence !== null);
    },
  };
}
