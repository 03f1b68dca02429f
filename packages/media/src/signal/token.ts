/** Access tokens: JWT with LiveKit's claims, signed by one of our API keys. */
import { ParticipantInfo_Kind, TrackSource } from '@livekit/protocol';
import { AccessToken, TokenVerifier } from 'livekit-server-sdk';
import { z } from 'zod';
import type { Permission } from './permission.ts';

const flag = z.boolean().optional();
const SOURCES: Readonly<Record<string, TrackSource>> = {
  camera: TrackSource.CAMERA,
  microphone: TrackSource.MICROPHONE,
  screen_share: TrackSource.SCREEN_SHARE,
  screen_share_audio: TrackSource.SCREEN_SHARE_AUDIO,
};

/** Unknown claims pass unread: tokens of newer SDKs carry more than we use. */
const claimsSchema = z.object({
  sub: z.string().optional(),
  exp: z.number(),
  name: z.string().optional(),
  kind: z.string().optional(),
  metadata: z.string().optional(),
  attributes: z.record(z.string(), z.string()).nullish(),
  sha256: z.string().optional(),
  roomConfig: z
    .object({
      emptyTimeout: z.number().int().nonnegative().optional(),
      departureTimeout: z.number().int().nonnegative().optional(),
      maxParticipants: z.number().int().nonnegative().optional(),
      metadata: z.string().optional(),
    })
    .nullish(),
  video: z
    .object({
      roomCreate: flag,
      roomJoin: flag,
      roomList: flag,
      roomRecord: flag,
      roomAdmin: flag,
      room: z.string().optional(),
      canPublish: flag,
      canPublishSources: z.array(z.string()).nullish(),
      canSubscribe: flag,
      canPublishData: flag,
      canUpdateOwnMetadata: flag,
      canSubscribeMetrics: flag,
      hidden: flag,
      recorder: flag,
      agent: flag,
    })
    .optional(),
});

const headSchema = z.object({ iss: z.string() });

export interface RoomSettings {
  readonly emptyTimeout?: number | undefined;
  readonly departureTimeout?: number | undefined;
  readonly maxParticipants?: number | undefined;
  readonly metadata?: string | undefined;
}

/** What a verified token says. */
export interface Claims {
  readonly identity: string;
  readonly name: string;
  readonly kind: ParticipantInfo_Kind;
  readonly metadata: string;
  readonly attributes: Readonly<Record<string, string>>;
  /** Unix seconds. */
  readonly expiresAt: number;
  readonly sha256: string;
  readonly roomConfig: RoomSettings | null;
  /** null when the token carries no `video` grant at all. */
  readonly grants: {
    readonly room: string;
    readonly roomJoin: boolean;
    readonly roomCreate: boolean;
    readonly roomList: boolean;
    readonly roomAdmin: boolean;
    readonly roomRecord: boolean;
    readonly permission: Permission;
  } | null;
}

export type TokenResult =
  | { readonly ok: true; readonly claims: Claims }
  | { readonly ok: false; readonly reason: string };

const KINDS: Readonly<Record<string, ParticipantInfo_Kind>> = {
  standard: ParticipantInfo_Kind.STANDARD,
  ingress: ParticipantInfo_Kind.INGRESS,
  egress: ParticipantInfo_Kind.EGRESS,
  sip: ParticipantInfo_Kind.SIP,
  agent: ParticipantInfo_Kind.AGENT,
};

/** Longer tokens are refused unread. */
const MAX_TOKEN_LENGTH = 200_000;

/** Verifies and issues tokens. The first key signs. */
export class TokenAuthority {
  readonly #secrets: ReadonlyMap<string, string>;
  readonly #key: string;

  constructor(keys: Readonly<Record<string, string>>) {
    this.#secrets = new Map(Object.entries(keys));
    const first = this.#secrets.keys().next();
    if (first.done) throw new Error('at least one API key is required');
    this.#key = first.value;
  }

  /** Checks signature, issuer, `exp` and `nbf`. The reason of a refusal never holds the token or a secret. */
  async verify(token: string): Promise<TokenResult> {
    if (token.length > MAX_TOKEN_LENGTH) return { ok: false, reason: 'invalid authorization token' };
    const issuer = unverifiedIssuer(token);
    if (issuer === null) return { ok: false, reason: 'invalid authorization token' };
    const secret = this.#secrets.get(issuer);
    if (secret === undefined) return { ok: false, reason: 'invalid API key' };
    let payload: unknown;
    try {
      payload = await new TokenVerifier(issuer, secret).verify(token);
    } catch (error) {
      return { ok: false, reason: `invalid token: ${error instanceof Error ? error.message : 'unreadable'}` };
    }
    const parsed = claimsSchema.safeParse(payload);
    if (!parsed.success) return { ok: false, reason: 'invalid token: malformed claims' };
    return { ok: true, claims: toClaims(parsed.data) };
  }

  /** A token that lets a participant come back: same grants, fresh life. */
  issue(claims: ReissuedClaims, lifetimeSeconds: number): Promise<string> {
    const token = new AccessToken(this.#key, this.#secrets.get(this.#key), {
      identity: claims.identity,
      name: claims.name,
      metadata: claims.metadata,
      attributes: { ...claims.attributes },
      ttl: lifetimeSeconds,
    });
    token.kind = kindName(claims.kind);
    const { permission } = claims;
    // UNKNOWN has no name in a token. A list of nothing else must not become an empty one, which would open everything.
    const sources = permission.canPublishSources.filter((source) => source !== TrackSource.UNKNOWN);
    const narrowed = permission.canPublishSources.length > 0;
    token.addGrant({
      room: claims.room,
      roomJoin: true,
      roomCreate: claims.roomCreate,
      roomAdmin: claims.roomAdmin,
      roomList: claims.roomList,
      roomRecord: claims.roomRecord,
      canPublish: permission.canPublish && (!narrowed || sources.length > 0),
      canSubscribe: permission.canSubscribe,
      canPublishData: permission.canPublishData,
      canUpdateOwnMetadata: permission.canUpdateMetadata,
      canSubscribeMetrics: permission.canSubscribeMetrics,
      hidden: permission.hidden,
      recorder: permission.recorder,
      agent: permission.agent,
      ...(sources.length > 0 ? { canPublishSources: sources } : {}),
    });
    return token.toJwt();
  }

  /** Signs a webhook body: a token with its SHA-256, valid for five minutes. */
  signBody(sha256: string, apiKey = this.#key): Promise<string> {
    const secret = this.#secrets.get(apiKey);
    if (secret === undefined) throw new Error(`webhooks name the API key "${apiKey}", which is not configured`);
    const token = new AccessToken(apiKey, secret, { ttl: 300 });
    token.sha256 = sha256;
    return token.toJwt();
  }
}

export interface ReissuedClaims {
  readonly identity: string;
  readonly name: string;
  readonly kind: ParticipantInfo_Kind;
  readonly metadata: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly room: string;
  readonly roomCreate: boolean;
  readonly roomAdmin: boolean;
  readonly roomList: boolean;
  readonly roomRecord: boolean;
  readonly permission: Permission;
}

function kindName(kind: ParticipantInfo_Kind): string {
  for (const [name, value] of Object.entries(KINDS)) if (value === kind) return name;
  return 'standard';
}

function unverifiedIssuer(token: string): string | null {
  const part = token.split('.', 3)[1];
  if (!part) return null;
  try {
    const head = headSchema.safeParse(JSON.parse(Buffer.from(part, 'base64url').toString('utf8')));
    return head.success ? head.data.iss : null;
  } catch {
    return null;
  }
}

function toClaims(data: z.output<typeof claimsSchema>): Claims {
  const video = data.video;
  const sources: TrackSource[] = [];
  for (const name of video?.canPublishSources ?? []) {
    // An unknown source narrows the list all the same: UNKNOWN matches no real track.
    const source = SOURCES[name.toLowerCase()] ?? TrackSource.UNKNOWN;
    if (!sources.includes(source)) sources.push(source);
  }
  const canPublish = video?.canPublish ?? true;
  return {
    identity: data.sub ?? '',
    name: data.name ?? '',
    kind: KINDS[data.kind?.toLowerCase() ?? ''] ?? ParticipantInfo_Kind.STANDARD,
    metadata: data.metadata ?? '',
    attributes: data.attributes ?? {},
    expiresAt: data.exp,
    sha256: data.sha256 ?? '',
    roomConfig: data.roomConfig ?? null,
    grants: video
      ? {
          room: video.room ?? '',
          roomJoin: video.roomJoin ?? false,
          roomCreate: video.roomCreate ?? false,
          roomList: video.roomList ?? false,
          roomAdmin: video.roomAdmin ?? false,
          roomRecord: video.roomRecord ?? false,
          permission: {
            canPublish,
            canSubscribe: video.canSubscribe ?? true,
            // LiveKit: data follows publishing unless said otherwise.
            canPublishData: video.canPublishData ?? canPublish,
            canPublishSources: sources,
            canUpdateMetadata: video.canUpdateOwnMetadata ?? false,
            canSubscribeMetrics: video.canSubscribeMetrics ?? false,
            hidden: video.hidden ?? false,
            recorder: video.recorder ?? false,
            agent: video.agent ?? false,
          },
        }
      : null,
  };
}
