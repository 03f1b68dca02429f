/** Every request of a joined client, one by one. A request that makes no sense ends only itself. */
import {
  DisconnectReason,
  Pong,
  RequestResponse,
  RequestResponse_Reason,
  type SessionDescription,
  type SubscriptionPermission,
  type SyncState,
  type TrackPermission,
  type UpdateParticipantMetadata,
  type UpdateSubscription,
} from '@livekit/protocol';
import { NegotiationError } from '../connection/types.ts';
import type { EngineContext } from '../room/context.ts';
import type { RoomManager } from '../room/manager.ts';
import type { Participant } from '../room/participant.ts';
import { applyProfile } from '../room/profile.ts';
import type { Room } from '../room/room.ts';
import type { RequestMessage } from './session.ts';
import { simulate } from './simulate.ts';

export class RequestHandler {
  readonly #context: EngineContext;
  readonly #manager: RoomManager;

  constructor(context: EngineContext, manager: RoomManager) {
    this.#context = context;
    this.#manager = manager;
  }

  handle(room: Room, participant: Participant, message: RequestMessage): void {
    switch (message.case) {
      case 'offer':
        this.offer(room, participant, message.value);
        return;
      case 'answer':
        this.#answer(room, participant, message.value);
        return;
      case 'trickle':
        // ICE-lite: the client's checks tell its addresses, its candidates are not needed.
        return;
      case 'addTrack':
        participant.publications.add(message.value);
        return;
      case 'mute':
        participant.publications.setMuted(message.value, false);
        return;
      case 'subscription':
        participant.subscriptions.wish(tracksOf(message.value), message.value.subscribe);
        return;
      case 'trackSetting':
        participant.subscriptions.updateSettings(message.value);
        return;
      case 'leave':
        room.remove(participant, { reason: leaveReason(message.value.reason), leave: null });
        return;
      case 'subscriptionPermission':
        setSubscriptionPermission(room, participant, message.value);
        return;
      case 'syncState':
        this.syncState(room, participant, message.value);
        return;
      case 'simulate':
        simulate(this.#manager, room, participant, message.value);
        return;
      case 'ping':
        participant.send({ case: 'pong', value: BigInt(this.#context.wallClock()) });
        return;
      case 'pingReq':
        participant.send({
          case: 'pongResp',
          value: new Pong({
            lastPingTimestamp: message.value.timestamp,
            timestamp: BigInt(this.#context.wallClock()),
          }),
        });
        return;
      case 'updateMetadata':
        this.#updateMetadata(room, participant, message.value);
        return;
      case 'updateAudioTrack':
        participant.publications.updateAudio(message.value);
        return;
      case 'updateVideoTrack':
        participant.publications.updateVideo(message.value);
        return;
      case 'publishDataTrackRequest':
        participant.send({
          case: 'requestResponse',
          value: new RequestResponse({
            reason: RequestResponse_Reason.UNSUPPORTED_TYPE,
            message: 'data tracks are not supported',
            request: { case: 'publishDataTrack', value: message.value },
          }),
        });
        return;
      case 'unpublishDataTrackRequest':
        participant.send({
          case: 'requestResponse',
          value: new RequestResponse({
            reason: RequestResponse_Reason.INVALID_HANDLE,
            message: 'no such data track',
            request: { case: 'unpublishDataTrack', value: message.value },
          }),
        });
        return;
      default:
        // updateLayers is obsolete; data tracks and blobs are not offered.
        return;
    }
  }

  offer(room: Room, participant: Participant, offer: SessionDescription): void {
    if (offer.sdp.length > this.#context.config.limits.sdpLength) {
      room.onBroken(participant, DisconnectReason.UNKNOWN_REASON);
      return;
    }
    this.#negotiate(room, participant, () => participant.acceptOffer(offer));
  }

  /** After a resume: what the client believes. What we do not know any more cannot be resumed. */
  syncState(room: Room, participant: Participant, state: SyncState): void {
    for (const published of state.publishTracks) {
      if (!published.track || !participant.publications.knows(published.track.sid)) {
        room.onBroken(participant, DisconnectReason.STATE_MISMATCH);
        return;
      }
    }
    participant.subscriptions.setDisabled(state.trackSidsDisabled);
    if (state.subscription) {
      // With auto-subscribe the client lists what it does *not* want, with `subscribe` false.
      participant.subscriptions.wish(tracksOf(state.subscription), state.subscription.subscribe);
    }
    const last = new Map<string, number>();
    for (const entry of state.datachannelReceiveStates.slice(0, 10_000)) last.set(entry.publisherSid, entry.lastSeq);
    if (last.size > 0) room.replayTo(participant, last);
  }

  #answer(room: Room, participant: Participant, answer: SessionDescription): void {
    if (answer.sdp.length > this.#context.config.limits.sdpLength) {
      room.onBroken(participant, DisconnectReason.UNKNOWN_REASON);
      return;
    }
    this.#negotiate(room, participant, () => participant.acceptAnswer(answer));
  }

  /** A description that cannot be used leaves the two ends with different views: only a new session mends that. */
  #negotiate(room: Room, participant: Participant, step: () => void): void {
    try {
      step();
    } catch (error) {
      if (!(error instanceof NegotiationError)) throw error;
      this.#context.log.info({ participant: participant.sid, reason: error.message }, 'negotiation failed');
      room.onBroken(participant, DisconnectReason.UNKNOWN_REASON);
    }
  }

  #updateMetadata(room: Room, participant: Participant, update: UpdateParticipantMetadata): void {
    const respond = (reason: RequestResponse_Reason, message: string) =>
      participant.send({
        case: 'requestResponse',
        value: new RequestResponse({
          requestId: update.requestId,
          reason,
          message,
          request: { case: 'updateMetadata', value: update },
        }),
      });
    if (!participant.permission.canUpdateMetadata) {
      respond(RequestResponse_Reason.NOT_ALLOWED, 'does not have permission to update own metadata');
      return;
    }
    const problem = applyProfile(participant, update, this.#context.config.limits, false);
    if (problem) {
      respond(problem.reason, problem.message);
      return;
    }
    room.announceSoon(participant, true);
    respond(RequestResponse_Reason.OK, '');
    this.#manager.refreshSoon(participant);
  }
}

function* tracksOf(update: UpdateSubscription): Iterable<string> {
  yield* update.trackSids;
  for (const tracks of update.participantTracks) yield* tracks.trackSids;
}

function leaveReason(reason: DisconnectReason): DisconnectReason {
  switch (reason) {
    case DisconnectReason.USER_UNAVAILABLE:
    case DisconnectReason.USER_REJECTED:
    case DisconnectReason.AGENT_ERROR:
      return reason;
    default:
      return DisconnectReason.CLIENT_INITIATED;
  }
}

const MAX_RULES = 1_000;

/** Looked up by viewer and by track, so that many rules cost no more than few. */
function rulesByViewer(permissions: readonly TrackPermission[]): ReadonlyMap<string, 'all' | ReadonlySet<string>> {
  const rules = new Map<string, 'all' | Set<string>>();
  for (const permission of permissions.slice(0, MAX_RULES)) {
    const key =
      permission.participantSid !== ''
        ? `sid:${permission.participantSid}`
        : `identity:${permission.participantIdentity}`;
    const known = rules.get(key);
    if (permission.allTracks || known === 'all') {
      rules.set(key, 'all');
      continue;
    }
    const tracks = known ?? new Set<string>();
    for (const sid of permission.trackSids.slice(0, MAX_RULES)) tracks.add(sid);
    rules.set(key, tracks);
  }
  return rules;
}

function setSubscriptionPermission(room: Room, publisher: Participant, rules: SubscriptionPermission): void {
  if (rules.allParticipants) {
    publisher.subscriptionRule = null;
  } else {
    const allowed = rulesByViewer(rules.trackPermissions);
    publisher.subscriptionRule = (viewer, trackSid) =>
      [allowed.get(`sid:${viewer.sid}`), allowed.get(`identity:${viewer.identity}`)].some(
        (tracks) => tracks === 'all' || tracks?.has(trackSid) === true,
      );
  }
  room.reconcilePublisher(publisher);
}
