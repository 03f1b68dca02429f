/** Stands in for config.ts: a server of this machine, whose address the host defines. */
declare const SERVER_URL: string;

export const BACKEND = { kind: 'self-hosted', baseUrl: SERVER_URL, login: 'guest' } as const;
