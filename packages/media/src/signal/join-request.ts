/** What a client says when it opens the signal WebSocket: both the classic query and the wrapped join request. */
import { gunzipSync } from 'node:zlib';
import {
  type AddTrackRequest,
  ClientInfo,
  ClientInfo_SDK,
  JoinRequest,
  type SessionDescription,
  type SyncState,
  WrappedJoinRequest,
  WrappedJoinRequest_Compression,
} from '@livekit/protocol';
import { z } from 'zod';

export interface JoinParameters {
  /** One peer connection (`join_request` given) or two. */
  readonly singleConnection: boolean;
  readonly reconnect: boolean;
  /** SID of the participant to resume, when known. */
  readonly participantSid: string;
  readonly autoSubscribe: boolean;
  readonly adaptiveStream: boolean;
  /** Overwrites the token's when not empty. */
  readonly metadata: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly client: ClientInfo;
  readonly addTracks: readonly AddTrackRequest[];
  readonly offer: SessionDescription | null;
  readonly syncState: SyncState | null;
}

export type JoinParse =
  | { readonly ok: true; readonly parameters: JoinParameters }
  | { readonly ok: false; readonly reason: string };

export interface JoinLimits {
  /** Bytes after inflation. */
  readonly joinRequestBytes: number;
  readonly tracksPerParticipant: number;
}

/**
 * @param requireJoinRequest `/rtc/v1` demands `join_request`; `/rtc` takes it too.
 */
export function parseJoin(query: URLSearchParams, requireJoinRequest: boolean, limits: JoinLimits): JoinParse {
  // LiveKit's second connection of one user, `<identity>#<publish>`: it would hold a seat of its own and outlive a kick.
  if (query.get('publish')) return { ok: false, reason: 'a second, publishing connection is not supported' };
  const wrapped = query.get('join_request');
  if (wrapped) return parseWrapped(wrapped, limits);
  if (requireJoinRequest) return { ok: false, reason: 'join_request is required' };
  return parseClassic(query);
}

function parseWrapped(text: string, limits: JoinLimits): JoinParse {
  if (!/^[A-Za-z0-9_-]+={0,2}$/.test(text)) {
    return { ok: false, reason: 'cannot base64 decode wrapped join request' };
  }
  let request: JoinRequest;
  try {
    const outer = WrappedJoinRequest.fromBinary(Buffer.from(text, 'base64url'));
    let bytes: Uint8Array = outer.joinRequest;
    if (outer.compression === WrappedJoinRequest_Compression.GZIP) {
      // The cap stops a bomb while it inflates, not after.
      bytes = gunzipSync(bytes, { maxOutputLength: limits.joinRequestBytes });
    } else if (outer.compression !== WrappedJoinRequest_Compression.NONE) {
      return { ok: false, reason: 'unknown compression of the join request' };
    }
    if (bytes.byteLength > limits.joinRequestBytes) return { ok: false, reason: 'join request too large' };
    request = JoinRequest.fromBinary(bytes);
  } catch (error) {
    const tooLarge = error instanceof RangeError;
    return { ok: false, reason: tooLarge ? 'join request too large' : 'cannot unmarshal join request' };
  }
  if (request.addTrackRequests.length > limits.tracksPerParticipant) {
    return { ok: false, reason: 'too many tracks in the join request' };
  }
  const settings = request.connectionSettings;
  return {
    ok: true,
    parameters: {
      singleConnection: true,
      reconnect: request.reconnect,
      participantSid: request.participantSid,
      autoSubscribe: settings?.autoSubscribe ?? false,
      adaptiveStream: settings?.adaptiveStream ?? false,
      metadata: request.metadata,
      attributes: request.participantAttributes,
      client: boundedClient(request.clientInfo),
      addTracks: request.addTrackRequests,
      offer: request.publisherOffer ?? null,
      syncState: request.syncState ?? null,
    },
  };
}

const SDKS: Readonly<Record<string, ClientInfo_SDK>> = {
  js: ClientInfo_SDK.JS,
  ios: ClientInfo_SDK.SWIFT,
  swift: ClientInfo_SDK.SWIFT,
  android: ClientInfo_SDK.ANDROID,
  flutter: ClientInfo_SDK.FLUTTER,
  go: ClientInfo_SDK.GO,
  unity: ClientInfo_SDK.UNITY,
  reactnative: ClientInfo_SDK.REACT_NATIVE,
  rust: ClientInfo_SDK.RUST,
  python: ClientInfo_SDK.PYTHON,
  cpp: ClientInfo_SDK.CPP,
  unityweb: ClientInfo_SDK.UNITY_WEB,
  node: ClientInfo_SDK.NODE,
  esp32: ClientInfo_SDK.ESP32,
};

const attributesSchema = z.record(z.string(), z.string());

function parseClassic(query: URLSearchParams): JoinParse {
  const text = (name: string) => (query.get(name) ?? '').slice(0, 256);
  const bool = (name: string) => ['1', 'true'].includes(query.get(name) ?? '');
  let attributes: Record<string, string> = {};
  const given = query.get('attributes');
  if (given) {
    try {
      attributes = attributesSchema.parse(JSON.parse(Buffer.from(given, 'base64url').toString('utf8')));
    } catch {
      return { ok: false, reason: 'cannot decode attributes' };
    }
  }
  const autoSubscribe = query.get('auto_subscribe');
  const protocol = Number.parseInt(text('protocol'), 10);
  const clientProtocol = Number.parseInt(text('client_protocol'), 10);
  return {
    ok: true,
    parameters: {
      singleConnection: false,
      reconnect: bool('reconnect'),
      participantSid: text('sid'),
      autoSubscribe: autoSubscribe === null || autoSubscribe === '' ? true : bool('auto_subscribe'),
      adaptiveStream: bool('adaptive_stream'),
      metadata: '',
      attributes,
      client: new ClientInfo({
        sdk: SDKS[text('sdk').toLowerCase()] ?? ClientInfo_SDK.UNKNOWN,
        version: text('version'),
        protocol: smallInteger(protocol),
        clientProtocol: smallInteger(clientProtocol),
        os: text('os'),
        osVersion: text('os_version'),
        browser: text('browser'),
        browserVersion: text('browser_version'),
        deviceModel: text('device_model'),
        network: text('network'),
      }),
      addTracks: [],
      offer: null,
      syncState: null,
    },
  };
}

const CLIENT_TEXT = 256;
const CLIENT_CAPABILITIES = 32;

/** What others are told of the client, at a size that every update of it can afford. */
function boundedClient(client: ClientInfo | undefined): ClientInfo {
  if (!client) return new ClientInfo();
  const text = (value: string) => value.slice(0, CLIENT_TEXT);
  return new ClientInfo({
    sdk: client.sdk,
    version: text(client.version),
    protocol: client.protocol,
    os: text(client.os),
    osVersion: text(client.osVersion),
    deviceModel: text(client.deviceModel),
    browser: text(client.browser),
    browserVersion: text(client.browserVersion),
    address: text(client.address),
    network: text(client.network),
    otherSdks: text(client.otherSdks),
    clientProtocol: client.clientProtocol,
    capabilities: [...new Set(client.capabilities)].slice(0, CLIENT_CAPABILITIES),
  });
}

function smallInteger(value: number): number {
  return Number.isInteger(value) && value >= 0 && value < 10_000 ? value : 0;
}
