/**
 * The two links of the gateway to one embedded engine in its worker: over WebRTC on loopback, and over a message port.
 * Ten phones publish 1 Mb/s of video each, one watcher subscribes to all of them; the same in turns over either link.
 * CPU of the whole process (both ends, both threads) for each stream and second, and the time of a packet from `send` to
 * the watcher.
 */
import { createHmac } from 'node:crypto';
import { createServer } from 'node:http';
import { createInProcessLink } from '../packages/gateway/src/link/in-process/link.ts';
import type { Link, LinkPublication, LinkSession, LinkSink } from '../packages/gateway/src/link/types.ts';
import { createWebRtcLink } from '../packages/gateway/src/link/webrtc.ts';
import { attachEngine, startEngine } from '../packages/media/src/index.ts';
import { median, percentile, print, type Row, row } from './lib/report.ts';

const STREAMS = 10;
const ROUNDS = Number(process.argv[2] ?? 3);
const PHASE_MS = 4_000;
const FRAME_MS = 33;
const PACKETS_A_FRAME = 4;
const PAYLOAD_BYTES = 1_040;
const KEY = 'bench';
const SECRET = 'a-secret-for-the-benchmark-0123456789';
const SPS = 0x67;
const SLICE = 0x41;

interface Measured {
  readonly idleMs: number;
  readonly publishMs: number;
  readonly bothMs: number;
  readonly delays: readonly number[];
  readonly lost: number;
  readonly joinMs: number;
}

const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url');

/** A LiveKit access token. */
async function token(room: string, identity: string, hidden: boolean): Promise<string> {
  const claims = { iss: KEY, sub: identity, exp: Math.floor(Date.now() / 1000) + 600 };
  const text = `${encode({ alg: 'HS256', typ: 'JWT' })}.${encode({ ...claims, video: { roomJoin: true, room, hidden } })}`;
  return `${text}.${createHmac('sha256', SECRET).update(text).digest('base64url')}`;
}

const QUIET: LinkSink = {
  onParticipants() {},
  onChat() {},
  onQuality() {},
  onReconnecting() {},
  onReconnected() {},
  onEnd: (end, detail) => {
    throw new Error(`a session ended: ${end} ${detail}`);
  },
};

const wait = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

/** Sends frames of every publication at their pace for the time; each packet carries when it was sent. */
async function send(publications: readonly LinkPublication[], ms: number): Promise<number> {
  const begin = performance.now();
  let frames = 0;
  while (performance.now() - begin < ms) {
    for (const [i, publication] of publications.entries()) {
      for (let k = 0; k < PACKETS_A_FRAME; k++) {
        const payload = new Uint8Array(PAYLOAD_BYTES);
        payload[0] = k === 0 ? SPS : SLICE;
        new DataView(payload.buffer).setFloat64(8, performance.now());
        publication.send(payload, (frames * 3_000 + i * 90_000) >>> 0, k === PACKETS_A_FRAME - 1);
      }
    }
    frames++;
    await wait(Math.max(0, begin + frames * FRAME_MS - performance.now()));
  }
  return frames * PACKETS_A_FRAME * publications.length;
}

/** CPU of the process in ms for each stream and second, while the work goes on. */
async function cpu(work: () => Promise<unknown>): Promise<number> {
  const begin = performance.now();
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / (performance.now() - begin) / STREAMS;
}

async function measure(link: Link, room: string): Promise<Measured> {
  const join = async (identity: string, hidden = false): Promise<LinkSession> =>
    link.join({ token: await token(room, identity, hidden), renewToken: () => token(room, identity, hidden) }, QUIET);
  const begin = performance.now();
  const watcher = await join('watcher', true);
  const phones = await Promise.all(Array.from({ length: STREAMS }, (_, i) => join(`phone${i}`)));
  const publications = await Promise.all(
    phones.map((phone) =>
      phone.publish(
        { kind: 'video', source: 'camera', name: 'cam', width: 640, height: 360, muted: false },
        { onKeyframeNeeded() {}, onMutedByServer() {} },
      ),
    ),
  );
  const joinMs = (performance.now() - begin) / (STREAMS + 1);
  const idleMs = await cpu(() => wait(PHASE_MS / 2));
  const publishMs = await cpu(() => send(publications, PHASE_MS));
  const delays: number[] = [];
  const subscriptions = publications.map(({ sid }) =>
    watcher.subscribe(sid, {
      onRtp: ({ payload }, now) => delays.push(now - new DataView(payload.buffer, payload.byteOffset).getFloat64(8)),
      onSenderReport() {},
    }),
  );
  // Sections are negotiated, every stream flows.
  while (subscriptions.some(({ mimeType }) => mimeType === null)) await send(publications, 100);
  await send(publications, 500);
  delays.length = 0;
  let sent = 0;
  const bothMs = await cpu(async () => {
    sent = await send(publications, PHASE_MS);
  });
  await wait(200);
  const lost = sent - delays.length;
  await Promise.all([...phones, watcher].map((session) => session.leave()));
  return { idleMs, publishMs, bothMs, delays, lost, joinMs };
}

const engine = await startEngine({
  keys: { [KEY]: SECRET },
  rtc: { port: 0, listenAddresses: ['127.0.0.1'] },
  logLevel: 'error',
});
const server = createServer();
const attachment = attachEngine(engine);
server.on('upgrade', (request, socket, head) => {
  if (!attachment.handleUpgrade(request, socket, head)) socket.destroy();
});
server.listen(0, '127.0.0.1');
await new Promise((resolve) => server.once('listening', resolve));
const address = server.address();
const port = typeof address === 'object' && address !== null ? address.port : 0;

const clock = () => performance.now();
const links = {
  'in-process': createInProcessLink({ openPort: () => engine.openLocal(), clock }),
  webrtc: createWebRtcLink({ url: `ws://127.0.0.1:${port}`, clock }),
};
const results: Record<keyof typeof links, Measured[]> = { 'in-process': [], webrtc: [] };
for (let round = 0; round <= ROUNDS; round++) {
  for (const name of ['webrtc', 'in-process'] as const) {
    const measured = await measure(links[name], `${name}-${round}`);
    // The first round warms up.
    if (round > 0) results[name].push(measured);
  }
}

const of = (name: keyof typeof links, value: (measured: Measured) => number) => median(results[name].map(value));
const compare = (label: string, unit: string, value: (measured: Measured) => number): Row =>
  row(label, unit, of('in-process', value), { name: 'the link over WebRTC', value: of('webrtc', value) });
print(
  'link',
  [
    compare('CPU of a published stream of 1 Mb/s', 'ms/s', (one) => one.publishMs - one.idleMs),
    compare('CPU of a subscribed stream of 1 Mb/s', 'ms/s', (one) => one.bothMs - one.publishMs),
    compare('CPU of an idle participant', 'ms/s', (one) => one.idleMs),
    compare('packet from send to watcher, p50', 'ms', (one) => percentile(one.delays, 50)),
    compare('packet from send to watcher, p95', 'ms', (one) => percentile(one.delays, 95)),
    compare('packet from send to watcher, p99', 'ms', (one) => percentile(one.delays, 99)),
    compare('join and publish, eleven at once, each', 'ms', (one) => one.joinMs),
  ],
  {
    streams: STREAMS,
    rounds: ROUNDS,
    lost: { 'in-process': of('in-process', (m) => m.lost), webrtc: of('webrtc', (m) => m.lost) },
  },
);
await Promise.all(Object.values(links).map((link) => link.close()));
server.closeAllConnections();
server.close();
attachment.close();
await engine.stop(1_000);
process.exit(0);
