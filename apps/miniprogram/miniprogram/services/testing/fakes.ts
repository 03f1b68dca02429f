import type { Backend } from '../backend.ts';
import {
  ClientError,
  type Clock,
  type FunctionData,
  type FunctionName,
  type RoomInfo,
  type SignInfo,
} from '../core.ts';

/** Lets everything that is ready to run do so. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 60; turn += 1) await Promise.resolve();
}

/** A clock that stands still until told. */
export class FakeClock implements Clock {
  #now = 1_000_000;
  #timers: { at: number; call: () => void }[] = [];

  now(): number {
    return this.#now;
  }

  after(ms: number, call: () => void): () => void {
    const timer = { at: this.#now + ms, call };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }

  get waiting(): number {
    return this.#timers.length;
  }

  async advance(ms: number): Promise<void> {
    const end = this.#now + ms;
    await settle();
    for (;;) {
      const due = this.#timers.filter((timer) => timer.at <= end).sort((a, b) => a.at - b.at)[0];
      if (!due) break;
      this.#timers = this.#timers.filter((timer) => timer !== due);
      this.#now = Math.max(this.#now, due.at);
      due.call();
      await settle();
    }
    this.#now = end;
  }
}

export function roomOf(roomID: string, extra: Partial<RoomInfo> = {}): RoomInfo {
  return {
    roomID,
    roomName: `Room ${roomID}`,
    creator: 'u1',
    ownerID: 'u1',
    memberCount: 1,
    capacity: 16,
    createTime: 1_000_000,
    ...extra,
  };
}

export function ticketsOf(extra: Partial<SignInfo> = {}): SignInfo {
  return {
    userID: 'u1',
    sdkAppID: 1400000001,
    accountType: '1',
    userSig: 'sig',
    privateMapKey: 'pmk',
    expiresAt: 2_000_000,
    ...extra,
  };
}

type Reply = (data: Readonly<Record<string, unknown>>, count: number) => unknown;

/** A back end in memory: ordinary answers, which a test may replace; a reply may throw or be a promise. */
export class FakeBackend implements Backend {
  readonly clock = new FakeClock();
  media: Backend['media'] = { kind: 'rtmp', serverUrl: 'https://server' };
  asksName = false;
  needsHeartbeat = false;
  readonly calls: { readonly name: string; readonly data: Readonly<Record<string, unknown>> }[] = [];
  readonly replies = new Map<string, Reply>();
  signedInAs: string[] = [];
  rooms: RoomInfo[] = [];

  webRoomUrl(roomId: string): string | null {
    return this.media.kind === 'rtmp' ? `https://server/r/${roomId}` : null;
  }

  async webLoginCode(): Promise<string> {
    return (await this.invoke('webrtc-login-code', {})).code;
  }

  async signIn(name: string): Promise<void> {
    this.signedInAs.push(name);
    await this.replies.get('sign-in')?.({ name }, this.signedInAs.length);
  }

  currentName(): string {
    return '';
  }

  count(name: string): number {
    return this.calls.filter((call) => call.name === name).length;
  }

  async invoke<N extends FunctionName>(name: N, data: object): Promise<FunctionData<N>> {
    const event = data as Readonly<Record<string, unknown>>;
    this.calls.push({ name, data: event });
    const reply = this.replies.get(name);
    const answer = reply === undefined ? this.#usual(name, event) : await reply(event, this.count(name));
    return answer as FunctionData<N>;
  }

  async listRooms(limit: number, skip: number) {
    this.calls.push({ name: 'list', data: { limit, skip } });
    const reply = this.replies.get('list');
    if (reply !== undefined) await reply({ limit, skip }, this.count('list'));
    return { rooms: this.rooms.slice(skip, skip + limit), total: this.rooms.length };
  }

  #usual(name: string, data: Readonly<Record<string, unknown>>): unknown {
    const room = roomOf(String(data['roomID'] ?? '77'));
    switch (name) {
      case 'webrtc-enter-room':
        return { roomInfo: room, signInfo: ticketsOf() };
      case 'webrtc-login-code':
        return { code: 'one-time', expiresIn: 60 };
      case 'webrtc-sig-api':
        return ticketsOf({ userSig: 'fresh' });
      case 'webrtc-quit-room':
        return null;
      case 'webrtc-heartbeat':
        return { expiresAt: 0 };
      default:
        return room;
    }
  }
}

/** A failure as the functions report it. */
export function refuse(reason: ClientError['reason'], code?: number): never {
  throw new ClientError(reason, reason, code === undefined ? {} : { code });
}
