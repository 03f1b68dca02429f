/**
 * CPU of one stream's viewers, in µs per viewer and second, beside node-media-server (HTTP-FLV and RTMP) and nginx-rtmp
 * (RTMP): the same stream, in turns, servers and load in processes of their own, CPU as the kernel counts it. Beside each
 * the median time from a push to a viewer, since a server that waits longer writes less often. Ours holds audio for the
 * next picture, 40 ms at most, as the gateway does; beside it with 20 ms and with nothing held.
 *
 * `npm run viewers -w bench [viewers] [seconds] [rounds]`
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { createFlvDemuxer } from '../packages/gateway/src/flv/demux.ts';
import { RtmpClient } from '../packages/gateway/src/rtmp/testing/client.ts';
import { type Clip, makeClip, playClip } from './lib/clip.ts';
import { type MediaServer, startNginx, startNodeMediaServer, startOurs } from './lib/media-servers.ts';
import { median, percentile, print, type Row, row } from './lib/report.ts';

const viewers = Number(process.argv[2] ?? 200);
const seconds = Number(process.argv[3] ?? 8);
const rounds = Number(process.argv[4] ?? 3);
const ticksPerSecond = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));

interface Measured {
  /** µs per viewer and second. */
  readonly cpu: number;
  /** Median and 95th percentile, push → viewer, of pictures and of audio. */
  readonly video: number;
  readonly video95: number;
  readonly audio: number;
  readonly bitsPerViewer: number;
}

interface Contestant {
  readonly name: string;
  readonly kind: 'flv' | 'rtmp';
  readonly server: MediaServer;
}

/** CPU of a process so far, in µs: user and system time (proc(5), fields 14 and 15). */
function cpuOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return ((Number(fields[11]) + Number(fields[12])) * 1e6) / ticksPerSecond;
}

/** One viewer that notes when each frame comes. */
async function probe(contestant: Contestant, name: string, onFrame: (kind: string, timestamp: number) => void) {
  const { kind, server } = contestant;
  if (kind === 'rtmp') {
    const client = await RtmpClient.connect({
      host: '127.0.0.1',
      port: server.rtmp,
      app: 'live',
      onMedia: (media) => onFrame(media.kind, media.timestamp),
    });
    await client.play(name);
    return () => client.close();
  }
  const response = await fetch(`http://127.0.0.1:${server.http}/live/${name}.flv`);
  const demuxer = createFlvDemuxer();
  const reader = response.body!.getReader();
  void (async () => {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      for (const tag of demuxer.push(value)) if (tag.kind !== 'header') onFrame(tag.kind, tag.timestamp);
    }
  })().catch(() => {});
  return () => void reader.cancel().catch(() => {});
}

function told<Message>(child: ChildProcess): Promise<Message> {
  return new Promise((resolve) => child.once('message', (message) => resolve(message as Message)));
}

let turn = 0;

async function measure(contestant: Contestant, clip: Clip, load: ChildProcess): Promise<Measured> {
  const name = `bench${turn++}`;
  const { server, kind } = contestant;
  const publisher = await RtmpClient.connect({ host: '127.0.0.1', port: server.rtmp, app: 'live' });
  await publisher.publish(name);
  const pushed = new Map<string, number>();
  const delays = { audio: [] as number[], video: [] as number[] };
  let watching = false;
  const stop = playClip(clip, (tag) => {
    if (watching) pushed.set(`${tag.kind}${tag.timestamp}`, performance.now());
    publisher.send(tag.kind, tag.timestamp, tag.payload);
  });
  await new Promise((resolve) => setTimeout(resolve, 500));
  const leave = await probe(contestant, name, (frame, timestamp) => {
    const at = pushed.get(`${frame}${timestamp}`);
    if (at !== undefined && (frame === 'audio' || frame === 'video')) delays[frame].push(performance.now() - at);
  });
  load.send({ open: viewers, kind, port: kind === 'flv' ? server.http : server.rtmp, name });
  const ready = await told<{ ready?: boolean; failed?: string }>(load);
  if (ready.failed !== undefined) throw new Error(`${contestant.name}: ${ready.failed}`);
  // Who came late has had his keyframe by now.
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  load.send({ mark: true });
  await told(load);
  watching = true;
  const [cpu, began] = [cpuOf(server.pid), performance.now()];
  await new Promise((resolve) => setTimeout(resolve, seconds * 1_000));
  const passed = (performance.now() - began) / 1_000;
  const used = cpuOf(server.pid) - cpu;
  watching = false;
  load.send({ close: true });
  const { bytes } = await told<{ bytes: number }>(load);
  leave();
  stop();
  publisher.close();
  await publisher.closed;
  return {
    cpu: used / viewers / passed,
    video: median(delays.video),
    video95: percentile(delays.video, 95),
    audio: median(delays.audio),
    bitsPerViewer: (bytes * 8) / viewers / passed,
  };
}

const clip = makeClip();
const ours = await startOurs(40);
const twenty = await startOurs(20);
const eager = await startOurs(0);
const nms = await startNodeMediaServer();
const nginx = await startNginx();
const load = spawn(process.execPath, [fileURLToPath(new URL('lib/viewers-load.ts', import.meta.url))], {
  stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
});

const contestants: Contestant[] = [
  { name: 'flv ours', kind: 'flv', server: ours },
  { name: 'flv ours, audio held 20 ms', kind: 'flv', server: twenty },
  { name: 'flv ours, nothing held', kind: 'flv', server: eager },
  { name: 'flv node-media-server', kind: 'flv', server: nms },
  { name: 'rtmp ours', kind: 'rtmp', server: ours },
  { name: 'rtmp ours, audio held 20 ms', kind: 'rtmp', server: twenty },
  { name: 'rtmp ours, nothing held', kind: 'rtmp', server: eager },
  { name: 'rtmp node-media-server', kind: 'rtmp', server: nms },
];
if (nginx !== null) contestants.push({ name: 'rtmp nginx', kind: 'rtmp', server: nginx });

const results = new Map<string, Measured[]>(contestants.map(({ name }) => [name, []]));
try {
  for (let round = 0; round < rounds; round++) {
    for (const contestant of contestants) {
      results.get(contestant.name)!.push(await measure(contestant, clip, load));
    }
  }
} finally {
  load.disconnect();
  for (const server of [ours, twenty, eager, nms, nginx]) await server?.stop();
}

function of(name: string, field: keyof Measured): number {
  return median((results.get(name) ?? []).map((one) => one[field]));
}

const rows: Row[] = [];
for (const { name, kind } of contestants) {
  if (!name.includes('ours')) continue;
  for (const peer of kind === 'flv' ? ['flv node-media-server'] : ['rtmp node-media-server', 'rtmp nginx']) {
    if (!results.has(peer)) continue;
    rows.push(row(`${name}: CPU`, 'µs per viewer and second', of(name, 'cpu'), { name: peer, value: of(peer, 'cpu') }));
    rows.push(
      row(`${name}: picture`, 'ms from push to viewer, median', of(name, 'video'), {
        name: peer,
        value: of(peer, 'video'),
      }),
    );
    rows.push(
      row(`${name}: audio`, 'ms from push to viewer, median', of(name, 'audio'), {
        name: peer,
        value: of(peer, 'audio'),
      }),
    );
  }
}
const detail = Object.fromEntries([...results].map(([name, all]) => [name, all]));
print('viewers', rows, { viewers, seconds, rounds, streamBitsPerSecond: Math.round(clip.bitsPerSecond), detail });
