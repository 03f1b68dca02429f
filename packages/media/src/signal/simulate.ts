/** `SimulateScenario`: conditions that clients ask for in their own tests. */
import {
  DisconnectReason,
  LeaveRequest_Action,
  type SimulateScenario,
  SpeakerInfo,
  SpeakersChanged,
} from '@livekit/protocol';
import type { RoomManager } from '../room/manager.ts';
import type { Participant } from '../room/participant.ts';
import type { Room } from '../room/room.ts';

const MAX_SPEAKER_SECONDS = 60;
/** One a participant: asking again begins anew. */
const speakerTimers = new WeakMap<Participant, NodeJS.Timeout>();

export function simulate(manager: RoomManager, room: Room, participant: Participant, request: SimulateScenario): void {
  const { scenario } = request;
  switch (scenario.case) {
    case 'speakerUpdate': {
      const seconds = Math.min(Math.max(scenario.value, 0), MAX_SPEAKER_SECONDS);
      const speak = (level: number) =>
        room.sendToAll({
          case: 'speakersChanged',
          value: new SpeakersChanged({
            speakers: [new SpeakerInfo({ sid: participant.sid, level, active: level > 0 })],
          }),
        });
      if (!participant.takeAnnouncement()) return;
      speak(0.9);
      clearTimeout(speakerTimers.get(participant));
      speakerTimers.set(participant, setTimeout(() => speak(0), seconds * 1_000).unref());
      return;
    }
    case 'nodeFailure':
    case 'migration':
      // The participant is dropped without a word; its resume then meets a server that does not know it.
      room.remove(participant, { reason: DisconnectReason.UNKNOWN_REASON, leave: null });
      return;
    case 'serverLeave':
      room.remove(participant, {
        reason: DisconnectReason.SERVER_SHUTDOWN,
        leave: LeaveRequest_Action.DISCONNECT,
      });
      return;
    case 'leaveRequestFullReconnect':
      room.remove(participant, { reason: DisconnectReason.UNKNOWN_REASON, leave: LeaveRequest_Action.RECONNECT });
      return;
    case 'disconnectSignalOnResume':
      manager.simulateBrokenResume(participant, false);
      return;
    case 'disconnectSignalOnResumeNoMessages':
      manager.simulateBrokenResume(participant, true);
      return;
    case 'switchCandidateProtocol':
      // Only one protocol is offered; what remains is the restart of ICE.
      participant.offer(true);
      return;
    default:
      // Bandwidth is not estimated yet, so it cannot be limited.
      return;
  }
}
