/** Function calls per second and p99 against a bare fastify route, in turns in the same run. */
import autocannon from 'autocannon';
import { startBare, startLianmai } from './lib/processes.ts';
import { median, print, type Row, row } from './lib/report.ts';

const seconds = Number(process.argv[2] ?? 3);
const rounds = Number(process.argv[3] ?? 3);
const connections = 20;

const server = await startLianmai({ LIANMAI_RATE_ADDRESS: '1000000', LIANMAI_RATE_USER: '1000000' });
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

async function load(url: string, body: object, token: string): Promise<Measured> {
  const result = await autocannon({
    url,
    method: 'POST',
    connections,
    duration: seconds,
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    body: JSON.stringify(body),
  });
  return {
    rate: result.requests.average,
    p50: result.latency.p50,
    p99: result.latency.p99,
    failures: result.non2xx + result.errors,
  };
}

const login = (await call('webrtc-login', { type: 'guest', name: 'bench' })) as { data: { token: string } };
const token = login.data.token;
await call('webrtc-enter-room', { roomID: '12345' }, token);

const cases: [name: string, event: object][] = [
  ['webrtc-get-room-info', { roomID: '12345' }],
  ['webrtc-get-room-list', {}],
  ['webrtc-sig-api', { roomID: '12345' }],
  ['webrtc-heartbeat', { roomID: '12345' }],
  ['webrtc-enter-room', { roomID: '12345' }],
];
const rows: Row[] = [];
try {
  for (const [name, event] of cases) {
    const ours: Measured[] = [];
    const floor: Measured[] = [];
    for (let round = 0; round < rounds; round++) {
      ours.push(await load(`${server.url}/functions/${name}`, event, token));
      floor.push(await load(`${bare.url}/functions/${name}`, event, token));
    }
    const failures = ours.reduce((sum, result) => sum + result.failures, 0);
    if (failures > 0) throw new Error(`${name}: ${failures} calls failed`);
    const of = (list: Measured[], key: keyof Measured) => median(list.map((result) => result[key]));
    rows.push(
      row(`${name}, calls`, 'per second', of(ours, 'rate'), { name: 'bare fastify route', value: of(floor, 'rate') }),
    );
    rows.push(
      row(`${name}, p99`, 'ms', of(ours, 'p99'), { name: 'bare fastify route', value: Math.max(1, of(floor, 'p99')) }),
    );
  }
} finally {
  await Promise.all([server.stop(), bare.stop()]);
}
print('functions', rows, { connections, seconds, rounds });
