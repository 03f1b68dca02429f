import type { Cause } from '../events.ts';
import type { HttpAnswer } from '../ports.ts';
import { fields, integer, MAX_URL, text } from './values.ts';

export interface RoomsigQuestion {
  readonly sdkAppId: number;
  readonly roomId: number;
  readonly userId: string;
  readonly userSig: string;
  readonly privateMapKey: string;
  /** Against caches on the way; the originals sent 9999, later the time. */
  readonly random: number;
}

/** Tencent's hosts, as the component of the original chose between them. */
export function tencentHost(useCloud: boolean): string {
  return useCloud ? 'https://official.opensso.tencent-cloud.com' : 'https://yun.tim.qq.com';
}

/** The address, query and body that the seed gives, field for field. The ticket's alphabet needs no encoding. */
export function roomsigRequest(host: string, question: RoomsigQuestion): { url: string; body: unknown } {
  const query = [
    `sdkappid=${question.sdkAppId}`,
    `identifier=${encodeURIComponent(question.userId)}`,
    `usersig=${encodeURIComponent(question.userSig)}`,
    `random=${question.random}`,
    'contenttype=json',
  ].join('&');
  return {
    url: `${host}/v4/openim/jsonvideoapp?${query}`,
    body: {
      ReqHead: { Cmd: 1, SeqNo: 1, BusType: 7, GroupId: question.roomId },
      ReqBody: { PrivMapEncrypt: question.privateMapKey, TerminalType: 1, FromType: 3, SdkVersion: 26280566 },
    },
  };
}

export type RoomsigAnswer =
  /** `body`: `RspBody` as it came; opaque, unless the server is ours. */
  | { readonly kind: 'ok'; readonly body: unknown }
  /** The tickets are not taken: fresh ones may be. */
  | { readonly kind: 'tickets'; readonly cause: Cause }
  /** It may work in a moment. */
  | { readonly kind: 'again'; readonly cause: Cause }
  | { readonly kind: 'no'; readonly cause: Cause };

/** Words for what the page branches on; codes without one are `refused`. */
const REASONS: Readonly<Record<number, string>> = {
  60008: 'server',
  70001: 'ticket-expired',
  70003: 'ticket-invalid',
  70004: 'ticket-invalid',
  70005: 'ticket-invalid',
  70006: 'ticket-invalid',
  70007: 'ticket-invalid',
  70008: 'ticket-invalid',
  70009: 'ticket-invalid',
  70010: 'ticket-invalid',
  70013: 'ticket-invalid',
  70014: 'ticket-invalid',
  70020: 'unknown-application',
  70052: 'ticket-expired',
  70346: 'ticket-invalid',
  70347: 'ticket-expired',
  100006: 'ticket-invalid',
  100010: 'bad-room-id',
  100012: 'too-many-requests',
  100013: 'suspended-service',
  100018: 'server',
  102010: 'may-not-create',
  102011: 'may-not-enter',
  102052: 'room-full',
};

/** Reads an answer of either shape: `RspHead` and `RspBody`, or the bare top level of the outer layer's failures. */
export function readRoomsigAnswer(answer: HttpAnswer): RoomsigAnswer {
  const body = fields(answer.body);
  const head = fields(body?.['RspHead']);
  const code = integer(body?.['ErrorCode']) || integer(head?.['ErrorCode']) || 0;
  if (code !== 0) {
    const info = text(body?.['ErrorInfo'], 2_000) || text(head?.['ErrorInfo'], 2_000);
    // HTTP reports some codes without the minus sign that the tables give them.
    const known = REASONS[Math.abs(code)];
    const reason = known ?? 'refused';
    const cause = {
      reason,
      code: known === undefined ? code : -Math.abs(code),
      message: info || `roomsig was refused with code ${code}.`,
    };
    if (reason === 'ticket-expired' || reason === 'ticket-invalid') return { kind: 'tickets', cause };
    return { kind: reason === 'server' || reason === 'too-many-requests' ? 'again' : 'no', cause };
  }
  const payload = fields(body?.['RspBody']);
  if (head !== null && payload !== null) return { kind: 'ok', body: payload };
  const message = `roomsig answered ${answer.status} without RspBody. Is this address a Lianmai server?`;
  const cause = { reason: 'server', code: answer.status, message };
  return { kind: answer.status >= 500 || answer.status === 429 ? 'again' : 'no', cause };
}

/** URLs of a self-hosted room. */
export interface RoomUrls {
  readonly pushUrl: string;
  readonly signalUrl: string;
  /** Unix ms. */
  readonly expiresAt: number;
}

/** `RspBody` of our own server; `null` when it is none of ours. */
export function readRoomUrls(body: unknown): RoomUrls | null {
  const value = fields(body);
  const pushUrl = text(value?.['pushUrl'], MAX_URL);
  const signalUrl = text(value?.['signalUrl'], MAX_URL);
  const expiresAt = integer(value?.['expiresAt']);
  if (pushUrl === null || signalUrl === null || expiresAt === null) return null;
  return /^rtmps?:\/\//.test(pushUrl) && /^wss?:\/\//.test(signalUrl) ? { pushUrl, signalUrl, expiresAt } : null;
}
