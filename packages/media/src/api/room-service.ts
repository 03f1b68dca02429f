/** LiveKit's server API: `livekit.RoomService` over Twirp. */
import type { Message, MessageType } from '@bufbuild/protobuf';
import {
  CreateRoomRequest,
  DataPacket,
  DeleteRoomRequest,
  DeleteRoomResponse,
  DisconnectReason,
  LeaveRequest_Action,
  ListParticipantsRequest,
  ListParticipantsResponse,
  ListRoomsRequest,
  ListRoomsResponse,
  MuteRoomTrackRequest,
  MuteRoomTrackResponse,
  MuteTrackRequest,
  type ParticipantInfo,
  RemoveParticipantResponse,
  type Room as RoomInfo,
  RoomParticipantIdentity,
  SendDataRequest,
  SendDataResponse,
  UpdateParticipantRequest,
  UpdateRoomMetadataRequest,
  UpdateSubscriptionsRequest,
  UpdateSubscriptionsResponse,
  UserPacket,
} from '@livekit/protocol';
import type { ApiRequest, PlainAnswer } from '../port/types.ts';
import type { EngineContext } from '../room/context.ts';
import type { RoomManager } from '../room/manager.ts';
import type { Participant } from '../room/participant.ts';
import { applyProfile } from '../room/profile.ts';
import type { Room } from '../room/room.ts';
import { permissionFromProto } from '../signal/permission.ts';
import type { Claims } from '../signal/token.ts';
import { type Encoding, encodingOf, errorAnswer, readBody, TwirpError, writeBody } from './twirp.ts';

type Grants = NonNullable<Claims['grants']>;
type Call = (grants: Grants | null, encoding: Encoding, body: Uint8Array) => PlainAnswer;

export class RoomService {
  readonly #context: EngineContext;
  readonly #manager: RoomManager;
  readonly #calls: ReadonlyMap<string, Call>;

  constructor(context: EngineContext, manager: RoomManager) {
    this.#context = context;
    this.#manager = manager;
    this.#calls = new Map<string, Call>([
      ['CreateRoom', method(CreateRoomRequest, (grants, request) => this.#createRoom(grants, request))],
      ['ListRooms', method(ListRoomsRequest, (grants, request) => this.#listRooms(grants, request))],
      ['DeleteRoom', method(DeleteRoomRequest, (grants, request) => this.#deleteRoom(grants, request))],
      [
        'ListParticipants',
        method(ListParticipantsRequest, (grants, request) => this.#listParticipants(grants, request)),
      ],
      ['GetParticipant', method(RoomParticipantIdentity, (grants, request) => this.#getParticipant(grants, request))],
      ['RemoveParticipant', method(RoomParticipantIdentity, (grants, request) => this.#remove(grants, request))],
      ['MutePublishedTrack', method(MuteRoomTrackRequest, (grants, request) => this.#mute(grants, request))],
      ['UpdateParticipant', method(UpdateParticipantRequest, (grants, request) => this.#update(grants, request))],
      [
        'UpdateSubscriptions',
        method(UpdateSubscriptionsRequest, (grants, request) => this.#subscribe(grants, request)),
      ],
      ['SendData', method(SendDataRequest, (grants, request) => this.#sendData(grants, request))],
      ['UpdateRoomMetadata', method(UpdateRoomMetadataRequest, (grants, request) => this.#metadata(grants, request))],
    ]);
  }

  async call(request: ApiRequest): Promise<PlainAnswer> {
    try {
      const call = request.service === 'livekit.RoomService' ? this.#calls.get(request.method) : undefined;
      if (!call) throw new TwirpError('bad_route', `no handler for ${request.service}/${request.method}`.slice(0, 200));
      const encoding = encodingOf(request.contentType);
      if (request.body.byteLength > this.#context.config.limits.apiBodyBytes) {
        throw new TwirpError('malformed', 'the request is too large');
      }
      return call(await this.#grants(request.authorization), encoding, request.body);
    } catch (error) {
      if (error instanceof TwirpError) return errorAnswer(error);
      this.#context.log.error({ err: error, method: request.method }, 'a server API call failed');
      return errorAnswer(new TwirpError('internal', 'the call failed'));
    }
  }

  async #grants(authorization: string | null): Promise<Grants | null> {
    if (!authorization) return null;
    if (!authorization.startsWith('Bearer ')) {
      throw new TwirpError('unauthenticated', 'invalid authorization header. Must start with Bearer ');
    }
    const verified = await this.#context.tokens.verify(authorization.slice('Bearer '.length));
    if (!verified.ok) throw new TwirpError('unauthenticated', verified.reason);
    return verified.claims.grants;
  }

  #createRoom(grants: Grants | null, request: CreateRoomRequest): RoomInfo {
    permit(grants?.roomCreate);
    const { limits } = this.#context.config;
    if (request.name === '') throw new TwirpError('invalid_argument', 'no room name');
    if (request.name.length > limits.roomNameLength) {
      throw new TwirpError('invalid_argument', 'room name length exceeds limits');
    }
    this.#checkMetadata(request.metadata);
    const found = this.#manager.findOrCreate(request.name, true, {
      emptyTimeout: request.emptyTimeout,
      departureTimeout: request.departureTimeout,
      maxParticipants: request.maxParticipants,
      metadata: request.metadata,
    });
    if (!found.ok) throw new TwirpError('resource_exhausted', found.reason);
    return found.room.info();
  }

  #listRooms(grants: Grants | null, request: ListRoomsRequest): ListRoomsResponse {
    permit(grants?.roomList);
    return new ListRoomsResponse({ rooms: this.#manager.infos(request.names) });
  }

  #deleteRoom(grants: Grants | null, request: DeleteRoomRequest): DeleteRoomResponse {
    permit(grants?.roomCreate);
    if (!this.#manager.deleteRoom(request.room)) throw notFound('requested room does not exist');
    return new DeleteRoomResponse();
  }

  #listParticipants(grants: Grants | null, request: ListParticipantsRequest): ListParticipantsResponse {
    permitAdmin(grants, request.room);
    const room = this.#manager.get(request.room);
    const participants = room ? [...room.participants].map((participant) => participant.info()) : [];
    return new ListParticipantsResponse({ participants });
  }

  #getParticipant(grants: Grants | null, request: RoomParticipantIdentity): ParticipantInfo {
    return this.#find(grants, request.room, request.identity).participant.info();
  }

  #remove(grants: Grants | null, request: RoomParticipantIdentity): RemoveParticipantResponse {
    const { room, participant } = this.#find(grants, request.room, request.identity);
    room.remove(participant, {
      reason: DisconnectReason.PARTICIPANT_REMOVED,
      leave: LeaveRequest_Action.DISCONNECT,
    });
    return new RemoveParticipantResponse();
  }

  #mute(grants: Grants | null, request: MuteRoomTrackRequest): MuteRoomTrackResponse {
    const { participant } = this.#find(grants, request.room, request.identity);
    // As LiveKit by default: a server may silence a participant, it may not open somebody's microphone.
    if (!request.muted) throw new TwirpError('failed_precondition', 'remote unmute not enabled');
    const track = participant.publications.setMuted(
      new MuteTrackRequest({ sid: request.trackSid, muted: request.muted }),
      true,
    );
    if (!track) throw notFound('track is not found');
    return new MuteRoomTrackResponse({ track });
  }

  #update(grants: Grants | null, request: UpdateParticipantRequest): ParticipantInfo {
    const { room, participant } = this.#find(grants, request.room, request.identity);
    const problem = applyProfile(participant, request, this.#context.config.limits, true);
    if (problem) throw new TwirpError('invalid_argument', problem.message);
    if (request.permission) participant.permission = permissionFromProto(request.permission);
    room.announce(participant, true);
    if (request.permission) participant.publications.enforce(participant.permission);
    // Attributes, too, say what may be received.
    participant.subscriptions.reconcileAll();
    room.markChanged();
    this.#manager.refreshSoon(participant);
    return participant.info();
  }

  #subscribe(grants: Grants | null, request: UpdateSubscriptionsRequest): UpdateSubscriptionsResponse {
    const { participant } = this.#find(grants, request.room, request.identity);
    participant.subscriptions.wish(request.trackSids, request.subscribe);
    for (const tracks of request.participantTracks) {
      participant.subscriptions.wish(tracks.trackSids, request.subscribe);
    }
    return new UpdateSubscriptionsResponse();
  }

  #sendData(grants: Grants | null, request: SendDataRequest): SendDataResponse {
    permitAdmin(grants, request.room);
    const { limits } = this.#context.config;
    if (request.nonce.byteLength !== 0 && request.nonce.byteLength !== 16) {
      throw new TwirpError('invalid_argument', 'nonce should be 16 bytes or absent');
    }
    if (request.data.byteLength > limits.dataPacketBytes) {
      throw new TwirpError('invalid_argument', `data exceeds ${limits.dataPacketBytes} bytes`);
    }
    const room = this.#room(request.room);
    const user = new UserPacket({
      payload: request.data,
      destinationSids: request.destinationSids,
      destinationIdentities: request.destinationIdentities,
      nonce: request.nonce,
    });
    if (request.topic !== undefined) user.topic = request.topic;
    const packet = new DataPacket({
      kind: request.kind,
      destinationIdentities: request.destinationIdentities,
      value: { case: 'user', value: user },
    });
    room.sendData(packet, null);
    return new SendDataResponse();
  }

  #metadata(grants: Grants | null, request: UpdateRoomMetadataRequest): RoomInfo {
    this.#checkMetadata(request.metadata);
    permitAdmin(grants, request.room);
    const room = this.#room(request.room);
    room.setMetadata(request.metadata);
    return room.info();
  }

  #checkMetadata(metadata: string): void {
    if (Buffer.byteLength(metadata) > this.#context.config.limits.metadataBytes) {
      throw new TwirpError('invalid_argument', 'metadata size exceeds limits');
    }
  }

  #room(name: string): Room {
    const room = this.#manager.get(name);
    if (!room) throw notFound('requested room does not exist');
    return room;
  }

  #find(grants: Grants | null, roomName: string, identity: string): { room: Room; participant: Participant } {
    permitAdmin(grants, roomName);
    const room = this.#manager.get(roomName);
    const participant = room?.get(identity);
    if (!room || !participant) throw notFound('participant does not exist');
    return { room, participant };
  }
}

function method<I extends Message<I>, O extends Message<O>>(
  type: MessageType<I>,
  run: (grants: Grants | null, request: I) => O,
): Call {
  return (grants, encoding, body) => writeBody(run(grants, readBody(type, encoding, body)), encoding);
}

function permit(granted: boolean | undefined): void {
  if (!granted) throw new TwirpError('unauthenticated', 'permissions denied');
}

function permitAdmin(grants: Grants | null, room: string): void {
  permit(grants?.roomAdmin && grants.room === room);
}

function notFound(message: string): TwirpError {
  return new TwirpError('not_found', message);
}
