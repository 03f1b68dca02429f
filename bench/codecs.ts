/**
 * What transcoding costs in the gateway's codec processes: CPU of a frame there and in the gateway itself, and the time
 * that passes between a frame's writing and what comes of it. Beside it the ffmpeg program on the same media, which has no
 * processes to talk with.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createCodecPool } from '../packages/gateway/src/codec/index.ts';
import type {
  BridgeOutput,
  CodecJob,
  CodecSink,
  ForeignFrame,
  OpusInput,
  OpusOutput,
} from '../packages/gateway/src/codec/types.ts';
import { codecLimitsSchema } from '../packages/gateway/src/config.ts';
import { joinAvcc, nalType, splitAnnexB } from '../packages/gateway/src/h264/nal.ts';
import { median, percentile, print, row } from './lib/report.ts';

const RATE = 48_000;
const SECONDS = 60;
const WIDTH = 360;
const HEIGHT = 640;
const pool = await createCodecPool({
  limits: { ...codecLimitsSchema.parse({}), maxQueuedFrames: 100_000 },
  log: { warn: (sentence) => console.error(sentence) },
});
if (pool.unavailable !== null) throw new Error(pool.unavailable);
const codecProcess = pool.processes()[0]!;

const rows = [];

// Sound: a minute of it as fast as it goes for CPU, then some seconds in real time for delay.
const noise = ['-f', 'lavfi', '-i', `anoisesrc=a=0.1:c=pink:r=${RATE}:d=${SECONDS},tremolo=f=4`, '-ac', '1'];
const adts = ffmpeg([...noise, '-c:a', 'aac', '-b:a', '64k', '-f', 'adts', '-']);
const aac = adtsFrames(adts);
const asc = Buffer.of(0x11, 0x88);
const opus: OpusOutput[] = [];

const toOpus = await cost(
  (sink: CodecSink<OpusOutput>) => pool.openAacToOpus(asc, sink),
  aac.map((data, k) => ({ data, place: k * 1_024 })),
  (output) => opus.push(output),
);
const ffmpegOpus = ffmpegCpu(adts, [
  '-f',
  'aac',
  '-i',
  '-',
  '-c:a',
  'libopus',
  '-b:a',
  '64k',
  '-application',
  'lowdelay',
]);
rows.push(
  row('AAC to Opus, mono: codec process', 'µs CPU per AAC frame', toOpus.child, {
    name: 'ffmpeg program',
    value: ffmpegOpus / aac.length,
  }),
  row('AAC to Opus, mono: gateway', 'µs CPU per AAC frame', toOpus.gateway),
);

const opusInputs: OpusInput[] = opus.map(({ data, place }) => ({ data, place: place + 120, samples: 960 }));
const toAac = await cost(
  (sink) => pool.openOpusToAac({ channels: 1 }, sink),
  opusInputs,
  () => {},
);
const ogg = ffmpeg([...noise, '-c:a', 'libopus', '-b:a', '64k', '-f', 'ogg', '-']);
const ffmpegAac = ffmpegCpu(ogg, [
  '-c:a',
  'libopus',
  '-f',
  'ogg',
  '-i',
  '-',
  '-c:a',
  'aac',
  '-aac_coder',
  'fast',
  '-b:a',
  '64k',
]);
rows.push(
  row('Opus to AAC, mono: codec process', 'µs CPU per Opus packet', toAac.child, {
    name: 'ffmpeg program',
    value: ffmpegAac / opusInputs.length,
  }),
  row('Opus to AAC, mono: gateway', 'µs CPU per Opus packet', toAac.gateway),
);

const opusDelay = await delay(
  (sink: CodecSink<OpusOutput>) => pool.openAacToOpus(asc, sink),
  aac.slice(0, 300).map((data, k) => ({ data, place: k * 1_024 })),
  1_024 / 48,
);
rows.push(row('AAC to Opus: from a frame to its packet, median', 'ms', median(opusDelay)));
rows.push(row('AAC to Opus: from a frame to its packet, 99 %', 'ms', percentile(opusDelay, 99)));
const aacDelay = await delay((sink) => pool.openOpusToAac({ channels: 1 }, sink), opusInputs.slice(0, 300), 20);
rows.push(row('Opus to AAC: from a packet to the frame it completes, median', 'ms', median(aacDelay)));
rows.push(row('Opus to AAC: from a packet to the frame it completes, 99 %', 'ms', percentile(aacDelay, 99)));

// The bridge: a group of 3 s at 15 pictures a second.
for (const { name, filter, bits } of [
  { name: 'easy picture', filter: 'null', bits: '400k' },
  { name: 'noisy picture', filter: 'noise=alls=8:allf=t', bits: '800k' },
]) {
  const source = `testsrc2=size=${WIDTH}x${HEIGHT}:rate=15:duration=3,${filter}`;
  const encoder = [
    '-c:v',
    'libx264',
    '-profile:v',
    'main',
    '-bf',
    '0',
    '-g',
    '1000',
    '-preset',
    'veryfast',
    '-b:v',
    bits,
  ];
  const group = ffmpeg(['-f', 'lavfi', '-i', source, '-pix_fmt', 'yuv420p', ...encoder, '-f', 'h264', '-']);
  const before = cpuOf(codecProcess);
  const first = await bridgeTimes(group, 15);
  const cpu = (cpuOf(codecProcess) - before) / first.length / 1_000;
  const again = ['-c:v', 'libx264', '-preset', 'ultrafast', '-tune', 'zerolatency'];
  const begin = performance.now();
  for (let i = 0; i < 5; i++) {
    ffmpeg(
      [
        '-threads',
        '1',
        '-f',
        'h264',
        '-i',
        '-',
        '-vf',
        'select=eq(n\\,44)',
        '-vsync',
        '0',
        ...again,
        '-f',
        'null',
        '-',
      ],
      group,
    );
  }
  const program = (performance.now() - begin) / 5;
  rows.push(
    row(
      `bridge, ${name} (${Math.round((group.length * 8) / 3_000)} kb/s): 45 pictures to an IDR, median`,
      'ms',
      median(first),
      {
        name: 'ffmpeg program, started for it',
        value: program,
      },
    ),
  );
  rows.push(row(`bridge, ${name}: codec process`, 'ms CPU', cpu));
  rows.push(row(`bridge, ${name}: slowest of ${first.length}`, 'ms', Math.max(...first)));
}

// A browser's camera in VP8.
const camera = ['-f', 'lavfi', '-i', 'testsrc2=size=640x360:rate=30:duration=10', '-pix_fmt', 'yuv420p'];
const ivf = ffmpeg([
  ...camera,
  '-c:v',
  'libvpx',
  '-deadline',
  'realtime',
  '-cpu-used',
  '8',
  '-b:v',
  '1M',
  '-f',
  'ivf',
  '-',
]);
const vp8 = ivfFrames(ivf);
const toH264 = await cost<ForeignFrame, BridgeOutput>(
  (sink) => pool.openVideoToH264('vp8', sink),
  vp8,
  () => {},
);
const baseline = [
  '-c:v',
  'libx264',
  '-preset',
  'ultrafast',
  '-tune',
  'zerolatency',
  '-profile:v',
  'baseline',
  '-crf',
  '23',
];
const ffmpegVideo = ffmpegCpu(ivf, ['-threads', '1', '-f', 'ivf', '-i', '-', ...baseline, '-threads', '1']);
rows.push(
  row('VP8 to H.264, 640×360: codec process', 'µs CPU per picture', toH264.child, {
    name: 'ffmpeg program',
    value: ffmpegVideo / vp8.length,
  }),
  row('VP8 to H.264, 640×360: gateway', 'µs CPU per picture', toH264.gateway),
);

const memory = Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${codecProcess}/status`, 'latin1'))?.[1] ?? 0) / 1_024;
rows.push(row('memory of a codec process', 'MB', memory));
print('codecs', rows);
await pool.close();

/** CPU in µs for one input, in the codec process and here. */
async function cost<Input, Output>(
  open: (sink: CodecSink<Output>) => CodecJob<Input> | null,
  inputs: readonly Input[],
  keep: (output: Output) => void,
): Promise<{ child: number; gateway: number }> {
  const run = async (count: number, take: (output: Output) => void) => {
    const job = open({ onOutput: take, onEnd: (reason) => console.error(`a job ended: ${reason}`) });
    for (const input of inputs.slice(0, count)) job?.write(input);
    while (pool.pending > 0) await new Promise((resolve) => setTimeout(resolve, 20));
    job?.close();
  };
  await run(100, () => {});
  const child = cpuOf(codecProcess);
  const gateway = process.cpuUsage();
  await run(inputs.length, keep);
  const used = process.cpuUsage(gateway);
  return {
    child: (cpuOf(codecProcess) - child) / inputs.length,
    gateway: (used.user + used.system) / inputs.length,
  };
}

/** Milliseconds from the writing of an input to the output that it brought, in real time. */
async function delay<Input, Output>(
  open: (sink: CodecSink<Output>) => CodecJob<Input> | null,
  inputs: readonly Input[],
  everyMs: number,
): Promise<number[]> {
  const delays: number[] = [];
  let written = 0;
  const job = open({ onOutput: () => delays.push(performance.now() - written), onEnd: () => {} });
  const begin = performance.now();
  for (const [k, input] of inputs.entries()) {
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, begin + k * everyMs - performance.now())));
    written = performance.now();
    job?.write(input);
  }
  await new Promise((resolve) => setTimeout(resolve, 50));
  job?.close();
  return delays.slice(5);
}

async function bridgeTimes(group: Buffer, rounds: number): Promise<number[]> {
  const nals = splitAnnexB(group) ?? [];
  const sps = nals.find((nal) => nalType(nal) === 7)!;
  const pps = nals.find((nal) => nalType(nal) === 8)!;
  const pictures = nals.filter((nal) => [1, 5].includes(nalType(nal)));
  const times: number[] = [];
  for (let round = 0; round < rounds; round++) {
    await new Promise((resolve) => setTimeout(resolve, 150));
    const begin = performance.now();
    await new Promise<void>((resolve) => {
      const job = pool.openBridge(
        { encodeFromMs: pictures.length - 1, bitsPerSecond: 1_500_000 },
        {
          onOutput: (output) => {
            if (output.kind !== 'video') return;
            times.push(performance.now() - begin);
            job?.close();
            resolve();
          },
          onEnd: (reason) => {
            console.error(`the bridge ended: ${reason}`);
            resolve();
          },
        },
      );
      job?.write({ kind: 'video-config', sps, pps });
      pictures.forEach((nal, k) => {
        job?.write({ kind: 'video', timestampMs: k, keyframe: nalType(nal) === 5, data: joinAvcc([nal]) });
      });
    });
  }
  return times;
}

function ffmpeg(args: readonly string[], input: Buffer = Buffer.alloc(0)): Buffer {
  return execFileSync('ffmpeg', ['-v', 'error', ...args], { input, maxBuffer: 400_000_000 });
}

/** CPU that the ffmpeg program takes for a job, in µs. */
function ffmpegCpu(input: Buffer, args: readonly string[]): number {
  const used = (bytes: Buffer) => {
    const run = spawnSync('ffmpeg', ['-benchmark', ...args, '-f', 'null', '-'], {
      input: bytes,
      maxBuffer: 100_000_000,
    });
    const found = /utime=([\d.]+)s stime=([\d.]+)s/.exec(run.stderr.toString());
    return found === null ? Number.NaN : (Number(found[1]) + Number(found[2])) * 1e6;
  };
  return used(input);
}

/** CPU of a process since its start, in µs (ticks of 10 ms). */
function cpuOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]!.split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10_000;
}

function adtsFrames(bytes: Buffer): Buffer[] {
  const frames: Buffer[] = [];
  for (let at = 0; at + 7 < bytes.length; ) {
    const length = ((bytes[at + 3]! & 3) << 11) | (bytes[at + 4]! << 3) | (bytes[at + 5]! >> 5);
    frames.push(bytes.subarray(at + 7, at + length));
    at += length;
  }
  return frames;
}

function ivfFrames(bytes: Buffer): ForeignFrame[] {
  const frames: ForeignFrame[] = [];
  for (let at = 32; at + 12 <= bytes.length; at += 12 + bytes.readUInt32LE(at)) {
    const data = bytes.subarray(at + 12, at + 12 + bytes.readUInt32LE(at));
    // RFC 6386 §9.1: the lowest bit of a frame is 0 in keyframes.
    frames.push({ data, timestampMs: frames.length * 33, keyframe: (data[0]! & 1) === 0 });
  }
  return frames;
}
