import type { BackendConfig } from './services/backend-config.ts';

/**
 * The one thing to decide: where rooms and media live. Edit it, run `npm run build -w apps/miniprogram`, and put your AppID
 * into project.config.json. docs/miniprogram.md tells what belongs to each choice.
 *
 * Your own server, rooms and media:
 *
 *     { kind: 'self-hosted', baseUrl: 'https://meet.example.com', login: 'wechat' }
 *
 * `login`: `wechat` needs LIANMAI_WECHAT_APP_ID and LIANMAI_WECHAT_APP_SECRET on the server; with `guest` people type a name.
 *
 * Cloud functions in CloudBase, media by Tencent TRTC:
 *
 *     { kind: 'cloud', env: 'prod-1a2b3c', sdkAppId: 1400000001, media: { kind: 'trtc' } }
 */
export const BACKEND: BackendConfig = {
  kind: 'self-hosted',
  baseUrl: 'https://meet.example.com',
  login: 'wechat',
};
