/** How a user came to be known. */
export type IdentityKind = 'guest' | 'wechat';

/** One person at one door: a WeChat openid, or a guest's own random subject. */
export interface Identity {
  readonly kind: IdentityKind;
  /** The subject at that door: the openid; for a guest whatever the server drew. Unique within its kind. */
  readonly subject: string;
  /** Our user id, unique over all kinds. */
  readonly userId: string;
  readonly userName: string;
  /** Unix ms. */
  readonly createdAt: number;
}

/** Who has signed in, and which session tokens have been taken back before they ran out. */
export interface IdentityStore {
  /**
   * The identity of this kind and subject; when there is none, keeps what `make` answers. Two first logins at once get
   * the same user. A `userId` that another identity holds already makes `make` be asked again (some times, then
   * `LianmaiError('internal')`).
   */
  ensureIdentity(
    kind: IdentityKind,
    subject: string,
    make: () => { userId: string; userName: string; createdAt: number },
  ): Promise<Identity>;
  /** Changes the name shown; false when there is no such user. */
  renameIdentity(userId: string, userName: string): Promise<boolean>;
  identity(userId: string): Promise<Identity | null>;
  /** Takes a session token back, by its id, until it would have run out anyway (Unix ms). */
  revokeToken(tokenId: string, expiresAt: number): Promise<void>;
  isTokenRevoked(tokenId: string): Promise<boolean>;
  /** Forgets revoked tokens that have run out by `now` (Unix ms); answers how many. */
  purgeTokens(now: number): Promise<number>;
}

/** Small settings that the program itself remembers between starts. */
export interface ValueStore {
  value(name: string): Promise<string | null>;
  setValue(name: string, value: string): Promise<void>;
}
