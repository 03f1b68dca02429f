/** Who may open a signal WebSocket, and what becomes of it. Every refusal is an HTTP answer. */
import {
  DisconnectReason,
  LeaveRequest_Action,
  WrappedJoinRequest,
  WrappedJoinRequest_Compression,
} from '@livekit/protocol';
import type { PlainAnswer, SignalAdmission, SignalRequest } from '../port/types.ts';
import type { ConnectionFactory, EngineContext } from '../room/context.ts';
import type { RoomManager } from '../room/manager.ts';
import type { Participant } from '../room/participant.ts';
import { checkProfile, mergeJoinAttributes } from '../room/profile.ts';
import type { Room } from '../room/room.ts';
import { RequestHandler } from './handler.ts';
import { type JoinParameters, parseJoin } from './join-request.ts';
import { isDependent } from './permission.ts';
import { KeyedRateLimit, RateLimit } from './rate.ts';
import { decodeRequest, type SessionOwner, SignalSession } from './session.ts';
import type { Claims } from './token.ts';

type Checked =
  | { readonly ok: false; readonly answer: PlainAnswer }
  | {
      readonly ok: true;
      readonly claims: Claims;
      readonly grants: NonNullable<Claims['grants']>;
      readonly identity: string;
      readonly roomName: string;
      readonly parameters: JoinParameters;
    };

export class Admission {
  readonly #context: EngineContext;
  readonly #manager: RoomManager;
  readonly #handler: RequestHandler;
  readonly #perAddress: KeyedRateLimit;

  constructor(context: EngineContext, manager: RoomManager) {
    this.#context = context;
    this.#manager = manager;
    this.#handler = new RequestHandler(context, manager);
    const { joinsPerAddressPerSecond: rate, trackedAddresses } = context.config.limits;
    this.#perAddress = new KeyedRateLimit(rate, rate * 3, trackedAddresses);
  }

  /** What the client asks after a failure: the same checks, without joining. */
  async validate(request: SignalRequest): Promise<PlainAnswer> {
    const checked = await this.#check(request);
    return checked.ok ? { status: 200, contentType: 'text/plain; charset=utf-8', body: 'success' } : checked.answer;
  }

  async open(request: SignalRequest): Promise<SignalAdmission> {
    const checked = await this.#check(request);
    if (!checked.ok) return { kind: 'refused', answer: checked.answer };
    // From here on nothing waits: the room cannot change under us.
    return checked.parameters.reconnect ? this.#resume(checked) : this.#join(checked);
  }

  /**
   * A participant of this process comes in by the same checks and rules as any other; only the limit of joins from one
   * address is not for it. It never resumes: it comes back as a new one.
   */
  async openLocal(token: string, join: Uint8Array, createConnection: ConnectionFactory): Promise<SignalAdmission> {
    const wrapped = new WrappedJoinRequest({
      compression: WrappedJoinRequest_Compression.NONE,
      joinRequest: join,
    });
    const query = new URLSearchParams({
      access_token: token,
      join_request: Buffer.from(wrapped.toBinary()).toString('base64url'),
    });
    const checked = await this.#check({
      path: '/rtc/v1',
      query: query.toString(),
      authorization: null,
      remoteAddress: null,
    });
    if (!checked.ok) return { kind: 'refused', answer: checked.answer };
    return this.#join(checked, createConnection);
  }

  #resume(checked: Extract<Checked, { ok: true }>): SignalAdmission {
    const room = this.#manager.get(checked.roomName);
    const participant = room?.get(checked.identity);
    const sid = checked.parameters.participantSid;
    if (!room || !participant || (sid !== '' && sid !== participant.sid)) {
      return this.#turnAway(DisconnectReason.STATE_MISMATCH, LeaveRequest_Action.RECONNECT);
    }
    const session = this.#session(room, participant);
    const { syncState, offer } = checked.parameters;
    try {
      this.#manager.resume(room, participant, session);
      if (syncState && participant.owns(session)) this.#handler.syncState(room, participant, syncState);
      if (offer && participant.owns(session)) this.#handler.offer(room, participant, offer);
    } catch (error) {
      this.#context.log.warn({ err: error }, 'a participant could not be resumed');
      room.onBroken(participant, DisconnectReason.UNKNOWN_REASON);
    }
    return { kind: 'accepted', connection: session };
  }

  #join(checked: Extract<Checked, { ok: true }>, createConnection?: ConnectionFactory): SignalAdmission {
    const { claims, grants, parameters, identity } = checked;
    const { config } = this.#context;
    const mayCreate = config.room.autoCreate || grants.roomCreate;
    const found = this.#manager.findOrCreate(checked.roomName, mayCreate, claims.roomConfig);
    if (!found.ok) return { kind: 'refused', answer: refusal(404, found.reason) };
    const { room } = found;
    if (!room.hasSeat(identity, isDependent(claims.kind, grants.permission)))
      return this.#turnAway(DisconnectReason.JOIN_FAILURE, LeaveRequest_Action.DISCONNECT);
    if (this.#manager.participantCount >= config.limits.participants) {
      return { kind: 'refused', answer: refusal(503, 'the server is full') };
    }
    const owner = new SessionBinding(this.#context, this.#handler);
    const session = new SignalSession(owner);
    try {
      const participant = this.#manager.join(
        room,
        {
          identity,
          name: claims.name,
          kind: claims.kind,
          metadata: parameters.metadata || claims.metadata,
          attributes: mergeJoinAttributes(claims.attributes, parameters.attributes),
          permission: grants.permission,
          grants: {
            roomCreate: grants.roomCreate,
            roomAdmin: grants.roomAdmin,
            roomList: grants.roomList,
            roomRecord: grants.roomRecord,
          },
          tokenExpiresAt: claims.expiresAt,
          client: parameters.client,
          singleConnection: parameters.singleConnection,
          autoSubscribe: parameters.autoSubscribe,
          createConnection: createConnection ?? this.#context.createConnection,
        },
        session,
      );
      owner.bind(room, participant);
      for (const request of parameters.addTracks) participant.publications.add(request);
      if (parameters.offer) this.#handler.offer(room, participant, parameters.offer);
      else participant.offer(false);
    } catch (error) {
      this.#context.log.warn({ err: error }, 'a participant could not be admitted');
      // Nobody would ever speak for it: it must not sit in the room until its media are found missing.
      const stuck = room.get(identity);
      if (!stuck?.owns(session)) return { kind: 'refused', answer: refusal(503, 'the server is full') };
      room.remove(stuck, { reason: DisconnectReason.JOIN_FAILURE, leave: null });
      return { kind: 'refused', answer: refusal(503, 'the join failed') };
    }
    return { kind: 'accepted', connection: session };
  }

  #session(room: Room, participant: Participant): SignalSession {
    const owner = new SessionBinding(this.#context, this.#handler);
    owner.bind(room, participant);
    return new SignalSession(owner);
  }

  /** Accepts the WebSocket only to say why there is no session on it. */
  #turnAway(reason: DisconnectReason, action: LeaveRequest_Action): SignalAdmission {
    const session = new SignalSession({ onFrame: () => {}, onClosed: () => {} });
    this.#manager.turnAway(session, reason, action);
    return { kind: 'accepted', connection: session };
  }

  async #check(
    request: Omit<SignalRequest, 'remoteAddress'> & { readonly remoteAddress: string | null },
  ): Promise<Checked> {
    const { config, clock, isRevoked, tokens } = this.#context;
    const { limits } = config;
    const { remoteAddress } = request;
    if (remoteAddress !== null && !this.#perAddress.take(remoteAddress, clock()))
      return refused(429, 'too many requests');
    if (request.query.length > 2 * limits.joinRequestBytes + 100_000) return refused(414, 'the request is too large');
    const query = new URLSearchParams(request.query);
    const bearer = bearerToken(request.authorization);
    if (bearer === 'malformed') return refused(401, 'invalid authorization header. Must start with Bearer ');
    const token = bearer ?? query.get('access_token') ?? '';
    if (token === '') return refused(401, 'permissions denied');
    const verified = await tokens.verify(token);
    if (!verified.ok) return refused(401, verified.reason);
    const { claims } = verified;
    const { grants } = claims;
    if (!grants?.roomJoin) return refused(401, 'permissions denied');
    const parsed = parseJoin(query, request.path === '/rtc/v1', limits);
    if (!parsed.ok) return refused(400, parsed.reason);
    const { parameters } = parsed;
    const { identity } = claims;
    if (identity === '') return refused(400, 'identity cannot be empty');
    if (identity.length > limits.identityLength) {
      return refused(400, `participant identity length exceeds limits: max length ${limits.identityLength}`);
    }
    if (grants.room === '') return refused(400, 'no room name');
    if (grants.room.length > limits.roomNameLength) {
      return refused(400, `room name length exceeds limits: max length ${limits.roomNameLength}`);
    }
    const profile = {
      name: claims.name,
      metadata: parameters.metadata || claims.metadata,
      attributes: mergeJoinAttributes(claims.attributes, parameters.attributes),
    };
    const problem = checkProfile(profile, limits);
    if (problem) return refused(400, problem.message);
    if (isRevoked(grants.room, identity)) return refused(403, 'removed from the room');
    if (!config.room.autoCreate && !grants.roomCreate && !this.#manager.get(grants.room)) {
      return refused(404, 'requested room does not exist');
    }
    return { ok: true, claims, grants, identity, roomName: grants.room, parameters };
  }
}

/** Ties a session to its participant, and guards the way in: sizes, rates, and what cannot be read. */
class SessionBinding implements SessionOwner {
  readonly #context: EngineContext;
  readonly #handler: RequestHandler;
  readonly #rate: RateLimit;
  readonly #descriptions: RateLimit;
  #room: Room | null = null;
  #participant: Participant | null = null;

  constructor(context: EngineContext, handler: RequestHandler) {
    this.#context = context;
    this.#handler = handler;
    const rate = context.config.limits.signalMessagesPerSecond;
    this.#rate = new RateLimit(rate, rate * 3, context.clock());
    const descriptions = context.config.limits.descriptionsPerSecond;
    this.#descriptions = new RateLimit(descriptions, descriptions * 3, context.clock());
  }

  bind(room: Room, participant: Participant): void {
    this.#room = room;
    this.#participant = participant;
  }

  onFrame(session: SignalSession, frame: Uint8Array): void {
    const room = this.#room;
    const participant = this.#participant;
    if (!room || !participant || participant.gone || !participant.owns(session)) return;
    const now = this.#context.clock();
    const tooMuch = frame.byteLength > this.#context.config.limits.signalMessageBytes || !this.#rate.take(now);
    if (tooMuch) {
      // The client may resume; a flood then meets the limits of joining.
      participant.dropSignal(now);
      return;
    }
    participant.heard(now);
    try {
      const message = decodeRequest(frame);
      if (!message) return;
      const description = message.case === 'offer' || message.case === 'answer';
      if (description && !this.#descriptions.take(now)) participant.dropSignal(now);
      else this.#handler.handle(room, participant, message);
    } catch (error) {
      this.#context.log.info({ participant: participant.sid, err: error }, 'a signal message was dropped');
    }
  }

  onClosed(session: SignalSession): void {
    this.#participant?.signalClosed(session);
  }
}

/** null = no header; LiveKit refuses a header of another kind even when the query holds a token. */
function bearerToken(header: string | null): string | null {
  if (header === null || header === '') return null;
  return header.startsWith('Bearer ') ? header.slice('Bearer '.length) : 'malformed';
}

function refusal(status: number, body: string): PlainAnswer {
  return { status, contentType: 'text/plain; charset=utf-8', body };
}

function refused(status: number, body: string): Checked {
  return { ok: false, answer: refusal(status, body) };
}
