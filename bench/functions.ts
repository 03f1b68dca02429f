/** Function calls per second and p99 against a bare fastify route, in turns in the same run. */
import autocannon, { type Options } from 'autocannon';
import { startBare, startLianmai } from './lib/processes.ts';
import { median, print, type Row, row } from './lib/report.ts';

const seconds = Number(process.argv[2] ?? 3);
const rounds = Number(process.argv[3] ?? 3);
const connections = 20;

const server = await startLianmai({
  LIANMAI_RATE_ADDRESS: '1000000',
  LIANMAI_RATE_USER: '1000000',
  LIANMAI_RATE_LOGIN: '1000000',
});
const bare = await startBare();

async function call(name: string, event: object, token?: string): Promise<{ code: number; data: never }> {
  const headers = {
    'content-type': 'application/json',
    ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
  };
  const response = await fetch(`${server.url}/functions/${name}`, {
    method: 'POST',
    headers,
    body: JSON.stringify(event),
  });
  return (await response.json()) as { code: number; data: never };
}

interface Measured {
  readonly rate: number;
  readonly p50: number;
  readonly p99: number;
  readonly failures: number;
}

async function load(options: Partial<Options>): Promise<Measured> {
  const result = await autocannon({ method: 'POST', connections, duration: seconds, ...options } as Options);
  return {
    rate: result.requests.average,
    p50: result.latency.p50,
    p99: result.latency.p99,
    failures: result.non2xx + result.errors,
  };
}

const headers = (token: string) => ({ 'content-type': 'application/json', authorization: `Bearer ${token}` });

/** One call over and over by one user. */
const repeat = (base: string, name: string, event: object, token: string) =>
  load({ url: `${base}/functions/${name}`, headers: headers(token), body: JSON.stringify(event) });

/** Every connection is a user of its own, who enters and quits by turns; five users share a room. */
function enterAndQuit(base: string, tokens: readonly string[]): Promise<Measured> {
  let next = 0;
  return load({
    url: base,
    requests: ['webrtc-enter-room', 'webrtc-quit-room'].map((name) => ({
      method: 'POST' as const,
      path: `/functions/${name}`,
      setupRequest(request, context: { user?: number }) {
        context.user ??= next++ % tokens.length;
        const body = JSON.stringify({ roomID: 100 + Math.floor(context.user / 5) });
        return { ...request, headers: headers(tokens[context.user]!), body };
      },
    })),
  });
}

const login = (await call('webrtc-login', { type: 'guest', name: 'bench' })) as { data: { token: string } };
const token = login.data.token;

const cases: [name: string, event: object][] = [
  ['webrtc-get-room-info', { roomID: '12345' }],
  ['webrtc-get-room-list', {}],
  ['webrtc-sig-api', { roomID: '12345' }],
  ['webrtc-heartbeat', { roomID: '12345' }],
  ['webrtc-enter-room', { roomID: '12345' }],
];
const tokens: string[] = [];
for (let user = 0; user < connections; user++) {
  const answer = (await call('webrtc-login', { type: 'guest', name: `user ${user}` })) as { data: { token: string } };
  tokens.push(answer.data.token);
}

const rows: Row[] = [];

/** Ours and the floor by turns, so that a change of the machine's mood meets both. */
async function compare(name: string, run: (base: string) => Promise<Measured>): Promise<void> {
  const ours: Measured[] = [];
  const floor: Measured[] = [];
  for (let round = 0; round < rounds; round++) {
    // The seat of a user without media lapses after half a minute: taken anew for every round.
    await call('webrtc-enter-room', { roomID: '12345' }, token);
    ours.push(await run(server.url));
    floor.push(await run(bare.url));
  }
  const failures = ours.reduce((sum, result) => sum + result.failures, 0);
  if (failures > 0) throw new Error(`${name}: ${failures} calls failed`);
  const of = (list: Measured[], key: keyof Measured) => median(list.map((result) => result[key]));
  const peer = (key: keyof Measured) => ({ name: 'bare fastify route', value: of(floor, key) });
  rows.push(row(`${name}, calls`, 'per second', of(ours, 'rate'), peer('rate')));
  rows.push(row(`${name}, p50`, 'ms', of(ours, 'p50'), { ...peer('p50'), value: Math.max(1, of(floor, 'p50')) }));
  rows.push(row(`${name}, p99`, 'ms', of(ours, 'p99'), { ...peer('p99'), value: Math.max(1, of(floor, 'p99')) }));
}

try {
  for (const [name, event] of cases) await compare(name, (base) => repeat(base, name, event, token));
  // Signs two tickets on the way in, and both calls wait until the disk has them (synchronous=FULL).
  await compare('enter and quit by turns', (base) => enterAndQuit(base, tokens));
} finally {
  await Promise.all([server.stop(), bare.stop()]);
}
print('functions', rows, { connections, seconds, rounds });
