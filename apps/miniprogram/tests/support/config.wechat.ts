/** Stands in for config.ts: people sign in as the WeChat users they are. */
declare const SERVER_URL: string;

export const BACKEND = { kind: 'self-hosted', baseUrl: SERVER_URL, login: 'wechat' } as const;
