import type { RoomInfo } from '@lianmai/protocol';
import type { Failure } from '../failure.ts';

/** What a user asked to enter: a room by number (made if absent), or a new one by name. */
export type EnterTarget = { readonly roomId: string } | { readonly roomName: string };

/**
 * The media connection of somebody who is in the room. `reconnecting`: the SDK is bringing it back. `rejoining`: that did not
 * work, and the controller goes through the door again.
 */
export type MediaLink = 'up' | 'reconnecting' | 'rejoining';

/** Where a user stands on the way into, in and out of a room. */
export type RoomState =
  | { readonly phase: 'idle' }
  | { readonly phase: 'signing-in'; readonly target: EnterTarget }
  | { readonly phase: 'entering'; readonly target: EnterTarget }
  | { readonly phase: 'ticket'; readonly room: RoomInfo; readonly userId: string }
  | { readonly phase: 'roomsig'; readonly room: RoomInfo; readonly userId: string; readonly attempt: number }
  | { readonly phase: 'connecting'; readonly room: RoomInfo; readonly userId: string }
  | { readonly phase: 'in-room'; readonly room: RoomInfo; readonly userId: string; readonly link: MediaLink }
  | { readonly phase: 'leaving'; readonly room: RoomInfo }
  | {
      readonly phase: 'failed';
      readonly target: EnterTarget;
      readonly room: RoomInfo | null;
      readonly failure: Failure;
    };

/** Phases on the way in, in their order: a progress display needs no more. */
export const ENTRY_PHASES = ['signing-in', 'entering', 'ticket', 'roomsig', 'connecting'] as const;

/** Whether the state is on the way into a room. */
export function isEntering(state: RoomState): boolean {
  return (ENTRY_PHASES as readonly string[]).includes(state.phase);
}
