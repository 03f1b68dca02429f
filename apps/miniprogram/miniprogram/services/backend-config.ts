/** Rooms and media on a server of your own. */
export interface SelfHostedConfig {
  readonly kind: 'self-hosted';
  /** Address of the server, `https://host[:port]`, without a slash at the end. */
  readonly baseUrl: string;
  /** How people sign in: as the WeChat users they are, or as guests with a name they type. */
  readonly login: 'wechat' | 'guest';
}

/** Rooms by cloud functions in CloudBase. */
export interface CloudConfig {
  readonly kind: 'cloud';
  /** Id of the CloudBase environment. */
  readonly env: string;
  /** TRTC application: the tickets must be of this one. */
  readonly sdkAppId: number;
  readonly media: { readonly kind: 'trtc' } | { readonly kind: 'self-hosted'; readonly baseUrl: string };
}

export type BackendConfig = SelfHostedConfig | CloudConfig;

/** What is wrong with a configuration; each has words on the first page (keys of `config`). */
export type ConfigProblem = 'placeholder' | 'address' | 'env' | 'application' | 'mixed';

/** Address that stands in the file as it is delivered. */
export const PLACEHOLDER_URL = 'https://meet.example.com';

const ADDRESS = /^https?:\/\/[A-Za-z0-9.-]+(:[0-9]{1,5})?$/;

/** The first thing that is wrong, `null` when all is well. */
export function checkConfig(config: BackendConfig): ConfigProblem | null {
  if (config.kind === 'self-hosted') {
    if (config.baseUrl === PLACEHOLDER_URL) return 'placeholder';
    return ADDRESS.test(config.baseUrl) ? null : 'address';
  }
  // Membership would be CloudBase's and the media ours: kicks and ends of rooms would not reach the calls.
  if (config.media.kind === 'self-hosted') return 'mixed';
  if (!/^[A-Za-z0-9-]{1,64}$/.test(config.env)) return 'env';
  return Number.isInteger(config.sdkAppId) && config.sdkAppId > 0 ? null : 'application';
}
