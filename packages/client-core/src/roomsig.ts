import type { FROM_TYPE, RoomsigBody, RoomsigWebBody, SignInfo } from '@lianmai/protocol';
import { ClientError, reasonOfRoomsigCode } from './failure.ts';
import type { Http } from './ports.ts';
import { postJson, retryAfter } from './transport.ts';

const WEB: (typeof FROM_TYPE)['web'] = 2;

/**
 * Asks for a roomsig, with the query and body that the original's clients send. The ticket goes raw into the original's
 * query; here it is encoded, which its URL-safe alphabet leaves as it is.
 *
 * @throws ClientError with the roomsig error code; `network`, `server`.
 */
export async function requestRoomsig(
  http: Http,
  baseUrl: string,
  signInfo: SignInfo,
  roomId: string,
  options: { readonly timeoutMs: number; readonly random: number },
): Promise<RoomsigWebBody> {
  const query = [
    `sdkappid=${signInfo.sdkAppID}`,
    `identifier=${encodeURIComponent(signInfo.userID)}`,
    `usersig=${encodeURIComponent(signInfo.userSig)}`,
    `random=${options.random}`,
    'contenttype=json',
  ].join('&');
  const body: RoomsigBody = {
    ReqHead: { Cmd: 1, SeqNo: 1, BusType: 7, GroupId: Number(roomId) },
    ReqBody: { PrivMapEncrypt: signInfo.privateMapKey, TerminalType: 1, FromType: WEB, SdkVersion: 26280566 },
  };
  const { json, answer } = await postJson(http, `${baseUrl}/v4/openim/jsonvideoapp?${query}`, body, options);
  const head = json['RspHead'];
  const headFields = typeof head === 'object' && head !== null ? (head as Record<string, unknown>) : {};
  // Failures of the outer layer come without RspHead; both forms count.
  const code = json['ErrorCode'] ?? headFields['ErrorCode'];
  if (code !== 0 && code !== undefined) {
    const info = json['ErrorInfo'] ?? headFields['ErrorInfo'];
    const number = typeof code === 'number' ? code : 0;
    const retryAfterMs = retryAfter(answer);
    throw new ClientError(reasonOfRoomsigCode(number), typeof info === 'string' ? info : 'roomsig was refused.', {
      code: number,
      ...(retryAfterMs === null ? {} : { retryAfterMs }),
    });
  }
  return readBody(json['RspBody'], answer.status);
}

function readBody(value: unknown, status: number): RoomsigWebBody {
  if (typeof value === 'object' && value !== null) {
    const { url, token, expiresAt, videoCodec } = value as Record<string, unknown>;
    if (typeof url === 'string' && typeof token === 'string' && typeof expiresAt === 'number') {
      // A codec that this client does not know is no reason to stay away.
      return { url, token, expiresAt, ...(videoCodec === 'h264' ? { videoCodec } : {}) };
    }
  }
  throw new ClientError('server', `roomsig answered ${status} without a usable RspBody.`);
}
