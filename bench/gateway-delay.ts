/**
 * The gateway's added delay between its own sockets, both ways: RTMP in → RTP out and RTP in → RTMP out, picture and
 * sound, with the real codec processes; RTP goes over a plain UDP socket, so that no media server is in the figures.
 * Beside it what nginx-rtmp adds from RTMP to RTMP with the same clip in the same run. Sound is told for the first sample
 * of every frame that comes out (it waits longest), and split. CPU of the gateway and its codec processes for each phone
 * that publishes and plays.
 *
 * `npm run gateway-delay -w bench [phones] [seconds]`
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { deriveStreamKey, signStreamTicket } from '@lianmai/tickets';
import { encodeOpus } from '../packages/gateway/src/codec/testing/media.ts';
import { readAvcConfig } from '../packages/gateway/src/h264/avc-config.ts';
import { isSlice, splitAvcc } from '../packages/gateway/src/h264/nal.ts';
import { RtmpClient } from '../packages/gateway/src/rtmp/testing/client.ts';
import { H264Packetizer, parameterPackets } from '../packages/gateway/src/rtp/packetize.ts';
import { splitAudio } from './lib/audio-split.ts';
import { type Clip, makeClip, playClip } from './lib/clip.ts';
import { readWire, wireKinds, wireMessage } from './lib/gateway-wire.ts';
import { startNginx } from './lib/media-servers.ts';
import { median, percentile, print, type Row, row } from './lib/report.ts';

const phones = Number(process.argv[2] ?? 4);
const seconds = Number(process.argv[3] ?? 20);
const ticketKey = 'a-key-of-the-benchmark-0123456789abcdef';
const roomId = '7';
const wait = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

interface Delays {
  readonly video: number[];
  readonly audio: number[];
}
const none = (): Delays => ({ video: [], audio: [] });
const fromPhones = none();
const toPhones = none();
let counting = false;

/** The end of a picture's last slice: the same bytes in every framing. */
function mark(avcc: Uint8Array): string | null {
  const slice = splitAvcc(avcc)?.findLast(isSlice);
  return slice === undefined ? null : endOf(slice);
}
const endOf = (bytes: Uint8Array) => Buffer.from(bytes.subarray(-24)).toString('latin1');

function ticket(direction: 'push' | 'play', userId: string, viewerId: string): string {
  return signStreamTicket(deriveStreamKey(ticketKey), {
    direction,
    sdkAppId: 1,
    roomId,
    userId,
    viewerId,
    privileges: 255,
    streamType: 'main',
    tracks: { video: true, audio: true },
    expiresAt: Math.floor(Date.now() / 1_000) + 3_600,
  });
}

/** A phone's push: when each frame was written to the socket, and when its RTP came. */
class Push {
  readonly #pictures = new Map<string, { readonly at: number; readonly ms: number }>();
  readonly #sounds: { readonly at: number; readonly ms: number }[] = [];
  /** RTP timestamp of video at RTMP millisecond 0. */
  #videoZero = Number.NaN;
  readonly #reports: { ntpMs: number; timestamp: number }[] = [];

  sent(kind: string, ms: number, payload: Uint8Array): void {
    const at = performance.now();
    if (kind === 'video') {
      const key = mark(payload.subarray(5));
      if (key !== null) this.#pictures.set(key, { at, ms });
    } else {
      this.#sounds.push({ at, ms });
      if (this.#sounds.length > 300) this.#sounds.shift();
    }
  }

  video(timestamp: number, payload: Uint8Array): void {
    const sent = this.#pictures.get(endOf(payload));
    if (sent === undefined) return;
    this.#videoZero = (timestamp - sent.ms * 90) >>> 0;
    if (counting) fromPhones.video.push(performance.now() - sent.at);
  }

  report(kind: 0 | 1, ntpMs: number, timestamp: number): void {
    this.#reports[kind] = { ntpMs, timestamp };
  }

  audio(timestamp: number): void {
    const [video, audio] = this.#reports;
    if (video === undefined || audio === undefined || Number.isNaN(this.#videoZero)) return;
    // RTMP milliseconds of this packet, by the gateway's own sender reports.
    const ntp = audio.ntpMs + ((timestamp - audio.timestamp) | 0) / 48;
    const ms = ((video.timestamp - this.#videoZero) >>> 0) / 90 + ntp - video.ntpMs;
    const frame = this.#sounds.findLast((one) => one.ms <= ms);
    if (counting && frame !== undefined) fromPhones.audio.push(performance.now() - frame.at);
  }
}

/** A browser's stream: RTP out, and the phone that plays it. */
class Browser {
  readonly #number: number;
  readonly #tell: (message: Buffer) => void;
  readonly #pictures = new Map<string, { readonly at: number; readonly ms: number }>();
  readonly #sounds: number[] = [];
  #sequence = { video: 0, audio: 0 };
  #opusCount = 0;
  #offset = Number.NaN;
  readonly #packetizer = new H264Packetizer(1_150);

  constructor(number: number, tell: (message: Buffer) => void) {
    this.#number = number;
    this.#tell = tell;
  }

  start(clip: Clip, opus: readonly Uint8Array[]): () => void {
    const header = clip.tags.find((tag) => tag.kind === 'video' && tag.payload[1] === 0)!;
    const config = readAvcConfig(header.payload.subarray(5))!;
    const parameters = parameterPackets({ kind: 'video-config', sps: config.sps[0]!, pps: config.pps[0]! }, 1_150);
    const began = performance.now();
    const track = this.#number * 2;
    const send = (payload: Uint8Array, timestamp: number, marker: boolean) => {
      this.#tell(
        wireMessage({ kind: wireKinds.rtp, track, marker, sequence: this.#sequence.video++, timestamp }, payload),
      );
    };
    const stop = playClip(clip, (tag) => {
      if (tag.kind !== 'video' || tag.payload[1] === 0) return;
      const data = tag.payload.subarray(5);
      const key = mark(data);
      const keyframe = (tag.payload[0]! & 0xf0) === 0x10;
      this.#packetizer.send(data, keyframe ? parameters : null, (tag.timestamp * 90) >>> 0, { send });
      if (key !== null) this.#pictures.set(key, { at: performance.now(), ms: tag.timestamp });
    });
    let reportAt = 0;
    const timer = setInterval(() => {
      const ms = performance.now() - began;
      for (; this.#opusCount * 20 <= ms; this.#opusCount++) {
        const timestamp = (this.#opusCount * 960) >>> 0;
        const sequence = this.#sequence.audio++;
        this.#sounds[this.#opusCount] = performance.now();
        this.#tell(
          wireMessage(
            { kind: wireKinds.rtp, track: track + 1, sequence, timestamp },
            opus[this.#opusCount % opus.length]!,
          ),
        );
      }
      if (ms < reportAt) return;
      reportAt = ms + 1_000;
      const now = Math.round(ms);
      this.#tell(wireMessage({ kind: wireKinds.report, track, ntpMs: 3.9e12 + now, timestamp: now * 90 }));
      this.#tell(wireMessage({ kind: wireKinds.report, track: track + 1, ntpMs: 3.9e12 + now, timestamp: now * 48 }));
    }, 2);
    return () => {
      stop();
      clearInterval(timer);
    };
  }

  played(kind: string, ms: number, payload: Uint8Array): void {
    const now = performance.now();
    if (payload[1] !== 1) return;
    if (kind === 'video') {
      const sent = this.#pictures.get(mark(payload.subarray(5)) ?? '');
      if (sent === undefined) return;
      this.#offset = ms - sent.ms;
      if (counting) toPhones.video.push(now - sent.at);
    } else if (kind === 'audio' && counting && !Number.isNaN(this.#offset)) {
      // The stream's own time says which packet holds the first sample of this frame.
      const at = this.#sounds[Math.floor((ms - this.#offset) / 20)];
      if (at !== undefined) toPhones.audio.push(now - at);
    }
  }
}

const ticksPerSecond = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));

/** CPU milliseconds so far of a process and all below it. */
function cpuOf(pid: number): number {
  let sum = 0;
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      if (Number(name) !== pid && Number(fields[1]) !== pid) continue;
      sum += ((Number(fields[11]) + Number(fields[12])) * 1_000) / ticksPerSecond;
    } catch {
      // Gone meanwhile.
    }
  }
  return sum;
}

async function startGateway(rtpPort: number): Promise<{ child: ChildProcess; rtmp: number; rtp: number }> {
  const program = fileURLToPath(new URL('lib/gateway-delay-server.ts', import.meta.url));
  const child = spawn(process.execPath, [program, String(phones), String(rtpPort), ticketKey], {
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  });
  const line = await new Promise<string>((resolve, reject) => {
    child.stdout?.once('data', (data: Buffer) => resolve(data.toString()));
    child.once('exit', () => reject(new Error('the gateway ended')));
  });
  return { child, ...(JSON.parse(line) as { rtmp: number; rtp: number }) };
}

/** RTMP → RTMP through nginx: picture and sound, from the socket to the player. */
async function measureNginx(clip: Clip): Promise<Delays | null> {
  const server = await startNginx();
  if (server === null) return null;
  const delays = none();
  const sent = new Map<string, number>();
  const address = { host: '127.0.0.1', port: server.rtmp, app: 'live' };
  const publisher = await RtmpClient.connect(address);
  await publisher.publish('bench');
  const stop = playClip(clip, (tag) => {
    sent.set(`${tag.kind}${tag.timestamp}`, performance.now());
    publisher.send(tag.kind, tag.timestamp, tag.payload);
  });
  await wait(500);
  let began = false;
  const player = await RtmpClient.connect({
    ...address,
    onMedia: ({ kind, timestamp }) => {
      const at = sent.get(`${kind}${timestamp}`);
      if (began && at !== undefined && kind !== 'data') delays[kind].push(performance.now() - at);
    },
  });
  await player.play('bench');
  await wait(2_000);
  began = true;
  await wait((seconds * 1_000) / 2);
  stop();
  player.close();
  publisher.close();
  await server.stop();
  return delays;
}

// Never played to its end: where a clip begins anew its sound overlaps.
const clip = makeClip(seconds + 15);
const pcm = Float32Array.from({ length: 480_000 }, (_, i) => 0.3 * Math.sin((2 * Math.PI * 440 * i) / 48_000));
const opus = encodeOpus(pcm, 1, 20).packets;
const nginx = await measureNginx(clip);
const split = await splitAudio(clip, opus, Math.max(8, seconds / 2));

const socket = createSocket({ type: 'udp4', recvBufferSize: 1 << 20, sendBufferSize: 1 << 20 });
await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
const gateway = await startGateway(socket.address().port);
const pushes = Array.from({ length: phones }, () => new Push());
const browsers = Array.from(
  { length: phones },
  (_, i) => new Browser(i, (message) => socket.send(message, gateway.rtp, '127.0.0.1')),
);
socket.on('message', (datagram: Buffer) => {
  const { kind, track, marker, timestamp, ntpMs, payload } = readWire(datagram);
  const push = pushes[track >> 1];
  if (push === undefined || kind === wireKinds.keyframe) return;
  if (kind === wireKinds.report) push.report((track & 1) as 0 | 1, ntpMs, timestamp);
  else if ((track & 1) === 1) push.audio(timestamp);
  else if (marker) push.video(timestamp, payload);
});

const ends: (() => void)[] = [];
const clients: RtmpClient[] = [];
const address = { host: '127.0.0.1', port: gateway.rtmp, app: 'live' };
for (let i = 0; i < phones; i++) {
  const client = await RtmpClient.connect(address);
  clients.push(client);
  await client.publish(`1_${roomId}_phone${i}?${ticket('push', `phone${i}`, `phone${i}`)}`);
  ends.push(
    playClip(clip, (tag) => {
      client.send(tag.kind, tag.timestamp, tag.payload);
      pushes[i]!.sent(tag.kind, tag.timestamp, tag.payload);
    }),
    browsers[i]!.start(clip, opus),
  );
  // Phones do not act at one moment.
  await wait(137);
}
await wait(1_000);
for (let i = 0; i < phones; i++) {
  const client = await RtmpClient.connect({
    ...address,
    onMedia: ({ kind, timestamp, payload }) => browsers[i]!.played(kind, timestamp, payload),
  });
  clients.push(client);
  await client.play(`1_${roomId}_browser${i}?${ticket('play', `browser${i}`, `phone${i}`)}`);
}
// Keyframes come every two seconds; reports have been seen, codecs are warm.
await wait(6_000);
counting = true;
const before = cpuOf(gateway.child.pid!);
const began = performance.now();
await wait(seconds * 1_000);
counting = false;
const used = (cpuOf(gateway.child.pid!) - before) / ((performance.now() - began) / 1_000) / phones;
for (const end of ends) end();
for (const client of clients) client.close();
const gone = new Promise((resolve) => gateway.child.once('exit', resolve));
gateway.child.disconnect();
await gone;
socket.close();

const rows: Row[] = [];
for (const [name, delays] of [
  ['RTMP in → RTP out', fromPhones],
  ['RTP in → RTMP out', toPhones],
] as const) {
  for (const kind of ['video', 'audio'] as const) {
    for (const p of [50, 95]) {
      const peer =
        nginx === null ? null : { name: 'nginx-rtmp, RTMP → RTMP', value: Math.max(0.01, percentile(nginx[kind], p)) };
      rows.push(row(`${name}, ${kind}, p${p}`, 'ms', percentile(delays[kind], p), peer));
    }
  }
}
for (const [name, part, delays] of [
  ['AAC → Opus', split.fromPhones, fromPhones],
  ['Opus → AAC', split.toPhones, toPhones],
] as const) {
  const { jitterBuffer, framing, encoder } = part;
  rows.push(row(`${name}, of which jitter buffer`, 'ms', jitterBuffer));
  rows.push(row(`${name}, of which framing`, 'ms', framing));
  rows.push(row(`${name}, of which encoder`, 'ms', encoder));
  rows.push(
    row(
      `${name}, of which the rest (audio held for the next picture, sockets)`,
      'ms',
      median(delays.audio) - jitterBuffer - framing - encoder,
    ),
  );
}
rows.push(row('CPU of a phone that publishes and plays', 'ms/s', used));
const frames = { fromPhones: fromPhones.video.length, toPhones: toPhones.video.length };
print('gateway-delay', rows, { phones, seconds, pictures: '360x640 at 25/s', frames });
process.exit(0);
