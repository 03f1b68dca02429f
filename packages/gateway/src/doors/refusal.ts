/** How a refusal looks at each door: one reason, three forms. */
import { PHONE_CODES, type PhoneCodeName } from '@lianmai/protocol';
import type { RtmpRefusal, RtmpStatusCode } from '../rtmp/types.ts';
import type { DoorRefusal } from '../types.ts';

const HTTP_STATUS: Partial<Record<PhoneCodeName, number>> = {
  badTicket: 403,
  ticketExpired: 403,
  kicked: 403,
  notAllowed: 403,
  duplicate: 409,
  roomEnded: 404,
  streamNotFound: 404,
  notHere: 404,
  roomFull: 409,
  tooFast: 429,
  busy: 503,
  encrypted: 409,
};

/** For HTTP-FLV and the signalling WebSocket. */
export function httpRefusal(code: PhoneCodeName): DoorRefusal {
  return { kind: 'refused', status: HTTP_STATUS[code] ?? 500, ...PHONE_CODES[code] };
}

/** For RTMP: the status code that players and pushers know, our number and sentence in the description. */
export function rtmpRefusal(door: 'push' | 'play', code: PhoneCodeName): RtmpRefusal {
  const { code: number, message } = PHONE_CODES[code];
  return { code: statusCode(door, code), description: `${number}: ${message}` };
}

function statusCode(door: 'push' | 'play', code: PhoneCodeName): RtmpStatusCode {
  if (door === 'play') {
    return code === 'streamNotFound' || code === 'roomEnded'
      ? 'NetStream.Play.StreamNotFound'
      : 'NetStream.Play.Failed';
  }
  return code === 'badTicket' || code === 'ticketExpired' || code === 'notAllowed' || code === 'kicked'
    ? 'NetStream.Publish.Denied'
    : 'NetStream.Publish.Rejected';
}
