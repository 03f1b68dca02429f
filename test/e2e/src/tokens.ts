import { AccessToken, type VideoGrant } from 'livekit-server-sdk';
import type { Target } from './targets/types.ts';

export interface TokenSpec {
  readonly room: string;
  readonly identity: string;
  readonly name?: string;
  readonly metadata?: string;
  readonly attributes?: Readonly<Record<string, string>>;
  readonly grant?: Partial<VideoGrant>;
  /** Seconds, or '10m'. */
  readonly ttl?: number | string;
}

/** A token for joining a room; every privilege unless `grant` narrows. */
export function tokenFor(target: Pick<Target, 'apiKey' | 'apiSecret'>, spec: TokenSpec): Promise<string> {
  const token = new AccessToken(target.apiKey, target.apiSecret, {
    identity: spec.identity,
    ttl: spec.ttl ?? '10m',
    ...(spec.name === undefined ? {} : { name: spec.name }),
    ...(spec.metadata === undefined ? {} : { metadata: spec.metadata }),
    ...(spec.attributes === undefined ? {} : { attributes: { ...spec.attributes } }),
  });
  token.addGrant({ room: spec.room, roomJoin: true, canUpdateOwnMetadata: true, ...spec.grant });
  return token.toJwt();
}

let rooms = 0;

/** A room name that no other test has. */
export function newRoom(): string {
  rooms += 1;
  return `room-${process.pid}-${rooms}`;
}
