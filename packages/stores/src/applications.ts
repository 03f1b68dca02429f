/** An application, as Tencent's console would hand it out. */
export interface Application {
  readonly sdkAppId: number;
  readonly accountType: string;
  /** How its tickets are signed, e.g. `ES256` (P-256), `ES256K` (secp256k1). Free text to the store. */
  readonly algorithm: string;
  /** Secret: never in logs. */
  readonly privateKeyPem: string;
  readonly publicKeyPem: string;
  /** Unix ms. */
  readonly createdAt: number;
}

/** A server key: HTTP Basic, or the pair LiveKit's SDKs make their tokens with. */
export interface ApiKey {
  readonly apiKey: string;
  /** Secret: never in logs. Kept as it is, since tokens are signed with it. */
  readonly apiSecret: string;
  /** Unix ms. */
  readonly createdAt: number;
}

/**
 * What is made once, on the first start, and found again ever after.
 *
 * The `ensure…` methods are create-once: when several processes start at the same moment, each may make a candidate, one
 * is kept, and all of them get that one. `make` may be called without its result being used.
 */
export interface ApplicationStore {
  /** The oldest application; when there is none, keeps what `make` answers. */
  ensureApplication(make: () => Application): Promise<Application>;
  /** Adds a further application; false when its sdkAppId is taken (nothing changes then). */
  addApplication(application: Application): Promise<boolean>;
  application(sdkAppId: number): Promise<Application | null>;
  /** All of them, oldest first. */
  applications(): Promise<Application[]>;
  /** The oldest server key; when there is none, keeps what `make` answers. */
  ensureApiKey(make: () => ApiKey): Promise<ApiKey>;
  /** Adds a further key; false when its name is taken. */
  addApiKey(key: ApiKey): Promise<boolean>;
  apiKeys(): Promise<ApiKey[]>;
  /** A named secret (e.g. `session-signing`); when there is none, keeps what `make` answers. */
  ensureSecret(name: string, make: () => string): Promise<string>;
}
