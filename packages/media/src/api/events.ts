/** Room events as LiveKit's webhook JSON. */
import { WebhookEvent } from '@livekit/protocol';
import type { EngineEvent } from '../port/types.ts';
import type { RoomEvent } from '../room/context.ts';
import { newSid } from '../signal/sid.ts';

/** @param wallClock Unix milliseconds. */
export function toEngineEvent(event: RoomEvent, wallClock: number): EngineEvent {
  const webhook = new WebhookEvent({
    event: event.event,
    id: newSid('EV'),
    createdAt: BigInt(Math.floor(wallClock / 1000)),
    room: event.room,
  });
  if (event.participant) webhook.participant = event.participant;
  if (event.track) webhook.track = event.track;
  return { event: event.event, json: webhook.toJsonString() };
}
