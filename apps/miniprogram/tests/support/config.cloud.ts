/** Stands in for config.ts: cloud functions and Tencent TRTC. */
export const BACKEND = {
  kind: 'cloud',
  env: 'prod-1a2b3c',
  sdkAppId: 1400000001,
  media: { kind: 'trtc' },
} as const;
