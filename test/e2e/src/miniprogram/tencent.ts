import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { parseRoomUrl } from '@lianmai/protocol/room-url';
import { type Refusal, verifyPrivateMapKey, verifyUserSig } from '@lianmai/tickets';

/** A question for a roomsig, as it came in. */
export interface RoomsigQuestion {
  /** The name of the host that the phone asked. */
  readonly host: string;
  readonly path: string;
  /** In the order in which they stand there, undecoded. */
  readonly query: readonly (readonly [string, string])[];
  readonly body: {
    readonly ReqHead: { readonly GroupId: number };
    readonly ReqBody: { readonly PrivMapEncrypt: string };
  };
}

export interface RoomsigAnswer {
  readonly status: number;
  readonly body: unknown;
}

/** Who is in the media room by a URL that was let in. */
export interface Entry {
  readonly form: 'old' | 'new';
  readonly userId: string;
  readonly roomId: number;
}

/** A refusal of the room service itself. */
export function refusedByHead(code: number, info: string): RoomsigAnswer {
  return { status: 200, body: { RspHead: { ErrorCode: code, ErrorInfo: info } } };
}

/** A refusal of the layer before it, which knows no `RspHead`. */
export function refusedOutside(code: number, info: string): RoomsigAnswer {
  return { status: 200, body: { ActionStatus: 'FAIL', ErrorCode: code, ErrorInfo: info } };
}

/**
 * Stands in for Tencent's media service, as far as a phone's page sees it: `jsonvideoapp`, with answers in the shapes that
 * clients of the original read, and the door of the media room. Both believe nothing but the application's public key.
 */
export class Tencent {
  readonly questions: RoomsigQuestion[] = [];
  /** Answers that come before any true one; the first is the next. */
  readonly scripted: RoomsigAnswer[] = [];
  readonly #server: Server;
  readonly #application: { readonly key: string; readonly sdkAppId: number };
  readonly #issued = new Map<string, Entry>();

  static async start(sdkAppId: number, publicKeyPem: string): Promise<Tencent> {
    const server = createServer();
    const tencent = new Tencent(server, { key: publicKeyPem, sdkAppId });
    server.on('request', (request, response) => {
      void read(request).then((body) => {
        const answer = tencent.#answer(request.url ?? '', body);
        response.writeHead(answer.status, { 'content-type': 'application/json' });
        response.end(JSON.stringify(answer.body));
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return tencent;
  }

  private constructor(server: Server, application: { readonly key: string; readonly sdkAppId: number }) {
    this.#server = server;
    this.#application = application;
  }

  /** Where it is: the name of the host that is meant comes first in the path. */
  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  /**
   * The door of the media room: who comes in with this push URL.
   * @throws Error naming what is wrong with the URL or its tickets
   */
  admit(pushUrl: string): Entry {
    const url = parseRoomUrl(pushUrl);
    if (url === null || url.form === 'play') throw new Error(`no push URL of this service: ${pushUrl}`);
    if (url.sdkAppId !== this.#application.sdkAppId) throw new Error(`another application: ${pushUrl}`);
    if (url.form === 'old') {
      const issued = this.#issued.get(url.roomSig);
      if (issued === undefined || issued.userId !== url.userId || issued.roomId !== url.roomId) {
        throw new Error(`no roomsig that was given to ${url.userId} for ${url.roomId}: ${url.roomSig}`);
      }
      return issued;
    }
    if (!('roomId' in url.room)) throw new Error(`a room without a number: ${pushUrl}`);
    const entry = { form: 'new', userId: url.userId, roomId: url.room.roomId } as const;
    const refusal = this.#refusal(entry, url.userSig, url.privateMapKey ?? '');
    if (refusal !== null) throw new Error(`${refusal.reason}: ${refusal.message}`);
    return entry;
  }

  #answer(target: string, text: string): RoomsigAnswer {
    const url = new URL(target, this.url);
    const [, host = '', ...path] = url.pathname.split('/');
    const query = url.search
      .slice(1)
      .split('&')
      .map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)] as const);
    const body = JSON.parse(text) as RoomsigQuestion['body'];
    this.questions.push({ host, path: `/${path.join('/')}`, query, body });
    const scripted = this.scripted.shift();
    if (scripted !== undefined) return scripted;
    const userId = url.searchParams.get('identifier') ?? '';
    const entry = { form: 'old', userId, roomId: body.ReqHead.GroupId } as const;
    const refusal = this.#refusal(entry, url.searchParams.get('usersig') ?? '', body.ReqBody.PrivMapEncrypt);
    if (refusal !== null) return refusedByHead(70_009, refusal.message);
    // What stands in it is nobody's business but the service's own; awkward in a URL on purpose.
    const RspBody = {
      Sig: `a+b/c=&${this.questions.length}`,
      Ip: [{ Addr: '183.3.225.15', Port: 8000 }],
      房: entry.roomId,
    };
    this.#issued.set(JSON.stringify(RspBody), entry);
    return { status: 200, body: { RspHead: { ErrorCode: 0, ErrorInfo: '' }, RspBody } };
  }

  #refusal({ userId, roomId }: Entry, userSig: string, privateMapKey: string): Refusal | null {
    const expected = { ...this.#application, userId };
    const user = verifyUserSig(userSig, expected);
    if (!user.ok) return user;
    const room = verifyPrivateMapKey(privateMapKey, { ...expected, room: { roomId }, requiredPrivileges: 255 });
    return room.ok ? null : room;
  }
}

async function read(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request) text += String(chunk);
  return text;
}
