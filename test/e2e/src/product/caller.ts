import type { Product } from './server.ts';

/** What a function answers. */
export interface Envelope<T = unknown> {
  readonly code: number;
  readonly message: string;
  readonly data: T;
}

export interface RoomInfo {
  readonly roomID: string;
  readonly ownerID: string;
  readonly memberCount: number;
  readonly members?: readonly { readonly userID: string }[];
}

interface SignInfo {
  readonly sdkAppID: number;
  readonly userID: string;
  readonly userSig: string;
  readonly privateMapKey: string;
}

/** The way into the media room that an entered room gives. */
export interface Access {
  readonly url: string;
  readonly token: string;
}

/** Somebody who uses the product without its page, the way its first clients did: login, enter, roomsig. */
export class Caller {
  readonly userId: string;
  readonly #product: Product;
  readonly #authorization: string;

  static async login(product: Product, name: string): Promise<Caller> {
    const answer = await post<{ token: string; userID: string }>(product, 'webrtc-login', { type: 'guest', name }, '');
    return new Caller(product, answer.data.userID, `Bearer ${answer.data.token}`);
  }

  /** The server key: it sees the members of every room. */
  static async serverKey(product: Product): Promise<Caller> {
    const { api } = await product.keys();
    return new Caller(product, '', `Basic ${Buffer.from(`${api.key}:${api.secret}`).toString('base64')}`);
  }

  private constructor(product: Product, userId: string, authorization: string) {
    this.#product = product;
    this.userId = userId;
    this.#authorization = authorization;
  }

  /** Calls a function, whatever it answers. */
  call<T>(name: string, event: unknown): Promise<Envelope<T>> {
    return post<T>(this.#product, name, event, this.#authorization);
  }

  async info(roomID: string): Promise<RoomInfo> {
    const { code, message, data } = await this.call<RoomInfo>('webrtc-get-room-info', { roomID });
    if (code !== 0) throw new Error(`webrtc-get-room-info answered ${code}: ${message}`);
    return data;
  }

  /** Takes a seat and exchanges its tickets as a browser does. */
  enter(roomID: string): Promise<Access>;
  /** ... or as a mini program does: what it gets then is for the phone to read. */
  enter(roomID: string, fromType: 3): Promise<unknown>;
  async enter(roomID: string, fromType: 2 | 3 = 2): Promise<unknown> {
    const entered = await this.call<{ signInfo: SignInfo }>('webrtc-enter-room', { roomID });
    if (entered.code !== 0) throw new Error(`webrtc-enter-room answered ${entered.code}: ${entered.message}`);
    const { sdkAppID, userID, userSig, privateMapKey } = entered.data.signInfo;
    const url = new URL('/v4/openim/jsonvideoapp', this.#product.httpUrl);
    url.search = new URLSearchParams({
      sdkappid: String(sdkAppID),
      identifier: userID,
      usersig: userSig,
      random: '1',
      contenttype: 'json',
    }).toString();
    const answer = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        ReqHead: { Cmd: 1, SeqNo: 1, BusType: 7, GroupId: Number(roomID) },
        ReqBody: { PrivMapEncrypt: privateMapKey, TerminalType: 1, FromType: fromType, SdkVersion: 26280566 },
      }),
    });
    const { RspBody, ...rest } = (await answer.json()) as { readonly RspBody?: Access };
    if (RspBody === undefined) throw new Error(`roomsig gave no access: ${JSON.stringify(rest)}`);
    return RspBody;
  }
}

async function post<T>(product: Product, name: string, event: unknown, authorization: string): Promise<Envelope<T>> {
  const answer = await fetch(`${product.httpUrl}/functions/${name}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(authorization === '' ? {} : { authorization }) },
    body: JSON.stringify(event),
  });
  return (await answer.json()) as Envelope<T>;
}
