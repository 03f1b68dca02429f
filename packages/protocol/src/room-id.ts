/** Largest roomID: 2³² − 2, as in TRTC (4294967295 is reserved). */
export const MAX_ROOM_ID = 4_294_967_294;

const CANONICAL = /^[1-9][0-9]{0,9}$/;

/**
 * Reads a roomID in either of its two legal forms, the integer or its canonical decimal string, and answers the
 * canonical string; `null` for anything else (`0`, leading zeros, signs, fractions, other types), so that one media
 * room has one spelling only.
 */
export function parseRoomId(value: unknown): string | null {
  if (typeof value === 'number') {
    return Number.isInteger(value) && value >= 1 && value <= MAX_ROOM_ID ? String(value) : null;
  }
  if (typeof value !== 'string' || !CANONICAL.test(value)) return null;
  return Number(value) <= MAX_ROOM_ID ? value : null;
}

/** LiveKit's name of a room: `<sdkAppID>:<roomID>`. */
export function mediaRoomName(sdkAppId: number, roomId: string): string {
  return `${sdkAppId}:${roomId}`;
}

/** Inverse of {@link mediaRoomName}; `null` when the name is not one of ours. */
export function parseMediaRoomName(name: string): { sdkAppId: number; roomId: string } | null {
  const colon = name.indexOf(':');
  if (colon < 1) return null;
  const sdkAppId = parseRoomId(name.slice(0, colon));
  const roomId = parseRoomId(name.slice(colon + 1));
  return sdkAppId !== null && roomId !== null ? { sdkAppId: Number(sdkAppId), roomId } : null;
}
