import { createHash, timingSafeEqual } from 'node:crypto';
import { TokenVerifier } from 'livekit-server-sdk';

/** A pair of API key and secret. */
export interface KeyPair {
  readonly key: string;
  readonly secret: string;
}

/** What a server key proved to be. `room`: it speaks for this media room only. */
export interface ServerCredential {
  readonly room: string | null;
}

/**
 * Recognises the server key: HTTP Basic with key and secret, or the token that LiveKit's server SDKs make from them.
 *
 * A participant's media token is signed with the same secret and lies in every browser: it must never count. So a token
 * with an identity, or with the grant to join, is refused. `roomCreate`, which lets its holder end every room, makes the full
 * key, `roomAdmin` that of its one room; `roomList` alone only looks and makes none.
 */
export class ServerKeys {
  readonly #pairs: readonly KeyPair[];

  constructor(pairs: readonly KeyPair[]) {
    this.#pairs = pairs;
  }

  basic(encoded: string): ServerCredential | null {
    const text = Buffer.from(encoded, 'base64').toString();
    const colon = text.indexOf(':');
    if (colon < 1) return null;
    const key = text.slice(0, colon);
    const secret = text.slice(colon + 1);
    // Every pair is compared, in constant time, so that neither names nor secrets leak through timing.
    let known = false;
    for (const pair of this.#pairs) known = (equal(pair.key, key) && equal(pair.secret, secret)) || known;
    return known ? { room: null } : null;
  }

  async token(jwt: string): Promise<ServerCredential | null> {
    if (jwt.length > 8192) return null;
    for (const pair of this.#pairs) {
      try {
        const claims = await new TokenVerifier(pair.key, pair.secret).verify(jwt);
        const video = claims.video ?? {};
        if (claims.sub !== undefined || video.roomJoin === true) return null;
        if (video.roomCreate === true) return { room: null };
        if (video.roomAdmin === true && video.room) return { room: video.room };
        return null;
      } catch {
        // Not this pair's; the next one may fit.
      }
    }
    return null;
  }
}

function equal(a: string, b: string): boolean {
  return timingSafeEqual(createHash('sha256').update(a).digest(), createHash('sha256').update(b).digest());
}
