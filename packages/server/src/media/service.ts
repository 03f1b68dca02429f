import type { MediaEngine } from '@lianmai/media';
import type { KeyPair } from '../identity/server-key.ts';
import { type ApiTransport, createRoomService, type MediaControl } from './room-service.ts';

/** The media service behind the rooms: the embedded engine or a LiveKit server. */
export interface MediaService {
  readonly control: MediaControl;
  /** Signs the tokens that participants join with. */
  readonly keys: KeyPair;
  /** Signal URL for clients; null: this server's own address. */
  readonly url: string | null;
  /** Keeps a user out at the media door itself, or lifts it. Where the service cannot, presence removes him. */
  setRevocation(room: string, identity: string, revoked: boolean): void;
}

const TIMEOUT_MS = 5_000;

/** The engine in this process. */
export function embeddedService(engine: MediaEngine, keys: KeyPair): MediaService {
  const transport: ApiTransport = async (method, body, authorization) => {
    const answer = await engine.callApi({
      service: 'livekit.RoomService',
      method,
      contentType: 'application/json',
      authorization,
      body: Buffer.from(body),
    });
    return { status: answer.status, body: Buffer.from(answer.body).toString() };
  };
  return {
    control: createRoomService(keys, transport),
    keys,
    url: null,
    setRevocation(room, identity, revoked) {
      engine.setRevocation(room, identity, revoked ? Number.POSITIVE_INFINITY : null);
    },
  };
}

/** A LiveKit server elsewhere. `url` as in LIVEKIT_URL: ws(s) or http(s). */
export function externalService(url: string, keys: KeyPair): MediaService {
  const base = url.replace(/\/+$/, '');
  const httpBase = base.replace(/^ws/, 'http');
  const transport: ApiTransport = async (method, body, authorization) => {
    const response = await fetch(`${httpBase}/twirp/livekit.RoomService/${method}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization },
      body,
      redirect: 'error',
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    return { status: response.status, body: await response.text() };
  };
  return {
    control: createRoomService(keys, transport),
    keys,
    url: base.replace(/^http/, 'ws'),
    setRevocation() {
      // LiveKit has no such list: his token is good until it runs out, so he is removed whenever he appears.
    },
  };
}
