import type { LiveRoom, Seat } from './state.ts';

/** Whether one more may sit down. */
export function hasFreeSeat(room: LiveRoom): boolean {
  return room.seats.length < room.capacity;
}

/**
 * Gives the user a seat: his own one when he has it already (a full room keeps a member's seat for him, so membership
 * is asked before capacity), else a new one behind all others; null when the room is full.
 *
 * @param renew what becomes of his present seat
 * @param fresh the seat that a newcomer gets
 */
export function takeSeat(
  room: LiveRoom,
  userId: string,
  renew: (seat: Seat) => Seat,
  fresh: () => Seat,
): { room: LiveRoom; joined: boolean } | null {
  const index = room.seats.findIndex((seat) => seat.userId === userId);
  const seat = room.seats[index];
  if (seat !== undefined) {
    const renewed = renew(seat);
    return { room: renewed === seat ? room : { ...room, seats: room.seats.with(index, renewed) }, joined: false };
  }
  return hasFreeSeat(room) ? { room: { ...room, seats: [...room.seats, fresh()] }, joined: true } : null;
}
