import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { H264RtpPayload } from 'werift';
import { joinAnnexB, joinAvcc, nalType, nalTypes, splitAnnexB } from '../h264/nal.ts';
import { readSps } from '../h264/sps.ts';
import type { VideoConfig } from '../stream/types.ts';
import { H264Packetizer, type ParameterPackets, parameterPackets } from './packetize.ts';
import { type SentPacket, unpack } from './testing/plain-depacketizer.ts';

/** x264's: 640×360, Main, with a VUI that says nothing of reordering but max_dec_frame_buffering. */
const sps = Uint8Array.from(Buffer.from('674d401ed900a02ff97011000003000100000300 3c0f162e48'.replace(' ', ''), 'hex'));
const pps = Uint8Array.from(Buffer.from('68ebc3cb20', 'hex'));
const config: VideoConfig = { kind: 'video-config', sps, pps };

function packets(data: Uint8Array, payloadBytes: number, parameters: ParameterPackets | null = null): SentPacket[] {
  const sent: SentPacket[] = [];
  const count = new H264Packetizer(payloadBytes).send(data, parameters, 90_000, {
    send: (payload, timestamp, marker) => sent.push({ payload, timestamp, marker }),
  });
  expect(count).toBe(sent.length);
  return sent;
}

const nal = fc
  .tuple(
    fc.integer({ min: 1, max: 23 }),
    fc.integer({ min: 0, max: 3 }),
    fc.uint8Array({ minLength: 1, maxLength: 3_000 }),
  )
  .map(([type, importance, body]) => Uint8Array.of((importance << 5) | type, ...body));

describe('H264Packetizer', () => {
  test('[IN1] whatever goes in comes out again, within the payload limit, one marker at the end', () => {
    fc.assert(
      fc.property(
        fc.array(nal, { minLength: 1, maxLength: 6 }),
        fc.integer({ min: 3, max: 1_200 }),
        (nals, payloadBytes) => {
          const sent = packets(joinAvcc(nals), payloadBytes);
          expect(unpack(sent).map((unit) => Buffer.from(unit))).toEqual(nals.map((unit) => Buffer.from(unit)));
          for (const [i, packet] of sent.entries()) {
            expect(packet.payload.length).toBeLessThanOrEqual(payloadBytes);
            expect(packet.marker).toBe(i === sent.length - 1);
            expect(packet.timestamp).toBe(90_000);
          }
        },
      ),
      { seed: 6184, numRuns: 200 },
    );
  });

  test('[IN1] werift reads the same', () => {
    fc.assert(
      fc.property(fc.array(nal, { minLength: 1, maxLength: 4 }), (nals) => {
        const read: Buffer[] = [];
        let fragment: Buffer | undefined;
        for (const { payload } of packets(joinAvcc(nals), 700)) {
          const part = H264RtpPayload.deSerialize(Buffer.from(payload), fragment);
          fragment = part.fragment;
          if (part.payload !== undefined && part.payload.length > 0) read.push(part.payload);
        }
        expect(Buffer.concat(read)).toEqual(Buffer.from(joinAnnexB(nals)));
      }),
      { seed: 6184, numRuns: 100 },
    );
  });

  test('[IN1] fragments differ by a byte at most, so that no packet is all header', () => {
    const sent = packets(joinAvcc([Uint8Array.of(0x65, ...new Uint8Array(2_301))]), 1_150);
    expect(sent.map((packet) => packet.payload.length)).toEqual([769, 769, 769]);
  });

  test('[IN2] parameter sets stand together in one packet before the picture; the SPS says that nothing is reordered', () => {
    const sent = packets(joinAvcc([Uint8Array.of(0x65, 1, 2, 3)]), 1_150, parameterPackets(config, 1_150));
    expect(sent).toHaveLength(2);
    expect(sent[0]!.payload[0]).toBe(0x78);
    const [told, picture, idr] = unpack(sent);
    expect(readSps(told!)).toMatchObject({ width: 640, height: 360, restriction: { maxNumReorderFrames: 0 } });
    expect(Buffer.from(picture!)).toEqual(Buffer.from(pps));
    expect(nalType(idr!)).toBe(nalTypes.idr);
    expect(sent.map((packet) => packet.marker)).toEqual([false, true]);
  });

  test('[IN2] parameter sets that do not fit together go alone', () => {
    const long: VideoConfig = { ...config, pps: Uint8Array.of(0x68, ...new Uint8Array(1_140).fill(1)) };
    const sent = packets(joinAvcc([Uint8Array.of(0x65, 1)]), 1_150, parameterPackets(long, 1_150));
    expect(sent.map((packet) => packet.payload[0]! & 0x1f)).toEqual([7, 8, 5]);
  });

  test('[IN3] units that RTP has other uses for, and empty ones, are left out; the marker stands all the same', () => {
    const data = joinAvcc([
      Uint8Array.of(0x65, 1),
      Uint8Array.of(0x7c, 1),
      new Uint8Array(0),
      Uint8Array.of(0x78, 0, 0),
      Uint8Array.of(0),
    ]);
    expect(packets(data, 1_150)).toEqual([{ payload: Uint8Array.of(0x65, 1), timestamp: 90_000, marker: true }]);
    expect(packets(joinAvcc([Uint8Array.of(0x7c, 1)]), 1_150, parameterPackets(config, 1_150))).toEqual([]);
  });

  test('[IN3] any bytes at all: nothing is read beyond the end, nothing thrown', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (data) => {
        for (const packet of packets(data, 8)) expect(packet.payload.length).toBeLessThanOrEqual(8);
      }),
      { seed: 6184, numRuns: 500 },
    );
  });

  test('[IN1] a limit without room for a fragment is an error of the caller', () => {
    expect(() => new H264Packetizer(2)).toThrow(RangeError);
  });
});

const hasFfmpeg = spawnSync('ffmpeg', ['-version']).status === 0;

describe.skipIf(!hasFfmpeg)('ffmpeg as the receiver (skipped: no ffmpeg)', () => {
  let folder = '';
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'lianmai-rtp-'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test.each(['baseline', 'main', 'high'])('[IN4] decodes the very same pictures, %s profile', async (profile) => {
    const clip = join(folder, `${profile}.h264`);
    execFileSync('ffmpeg', [
      ...['-hide_banner', '-loglevel', 'error', '-y', '-f', 'lavfi', '-i', 'testsrc2=size=160x120:rate=15'],
      ...['-frames:v', '30', '-pix_fmt', 'yuv420p', '-c:v', 'libx264', '-profile:v', profile, '-bf', '0', '-g', '10'],
      ...['-x264-params', 'aud=1', '-f', 'h264', clip],
    ]);
    const pictures = accessUnits(readFileSync(clip));
    expect(pictures).toHaveLength(30);

    const port = await freePort();
    const sdp = join(folder, `${profile}.sdp`);
    const description = ['v=0', 'o=- 0 0 IN IP4 127.0.0.1', 's=-', 'c=IN IP4 127.0.0.1', 't=0 0'];
    description.push(`m=video ${port} RTP/AVP 102`, 'a=rtpmap:102 H264/90000', 'a=fmtp:102 packetization-mode=1');
    writeFileSync(sdp, `${description.join('\r\n')}\r\n`);
    const hashes = ['-an', '-f', 'framehash', '-hash', 'md5', '-'];
    const receiver = spawn('ffmpeg', [
      ...['-hide_banner', '-loglevel', 'error', '-probesize', '32', '-analyzeduration', '0', '-threads', '1'],
      ...['-protocol_whitelist', 'file,udp,rtp', '-i', sdp],
      ...['-vsync', 'passthrough', '-frames:v', '20', ...hashes],
    ]);
    const output: Buffer[] = [];
    let said = '';
    receiver.stdout.on('data', (chunk: Buffer) => output.push(chunk));
    receiver.stderr.on('data', (chunk: Buffer) => {
      said += chunk.toString();
    });
    const ended = once(receiver, 'close');
    try {
      await until(() => inUse(port) || receiver.exitCode !== null);
      expect(said).toBe('');
      await sendAll(pictures, port);
      await ended;
    } finally {
      receiver.kill();
    }

    const direct = execFileSync('ffmpeg', ['-loglevel', 'error', '-i', clip, '-vsync', 'passthrough', ...hashes]);
    expect(hashesOf(Buffer.concat(output).toString())).toEqual(hashesOf(direct.toString()).slice(0, 20));
  });
});

/** Access units of a stream with delimiters. */
function accessUnits(stream: Buffer): { config: VideoConfig | null; data: Uint8Array }[] {
  const units: { config: VideoConfig | null; data: Uint8Array }[] = [];
  let nals: Uint8Array[] = [];
  const finish = () => {
    const slices = nals.filter((unit) => nalType(unit) === nalTypes.slice || nalType(unit) === nalTypes.idr);
    const [ownSps, ownPps] = [nalTypes.sps, nalTypes.pps].map((type) => nals.find((unit) => nalType(unit) === type));
    if (slices.length > 0) {
      const sets = ownSps && ownPps ? ({ kind: 'video-config', sps: ownSps, pps: ownPps } as const) : null;
      units.push({ config: sets, data: joinAvcc(slices) });
    }
    nals = [];
  };
  for (const unit of splitAnnexB(stream) ?? []) {
    if (nalType(unit) === nalTypes.delimiter) finish();
    else nals.push(unit);
  }
  finish();
  return units;
}

async function sendAll(pictures: readonly { config: VideoConfig | null; data: Uint8Array }[], port: number) {
  const socket = createSocket('udp4');
  const packetizer = new H264Packetizer(600);
  const header = Buffer.alloc(12);
  let sequence = 65_500;
  for (const [i, { config: sets, data }] of pictures.entries()) {
    const sending: Promise<unknown>[] = [];
    packetizer.send(data, sets === null ? null : parameterPackets(sets, 600), i * 6_000, {
      send(payload, timestamp, marker) {
        header[0] = 0x80;
        header[1] = (marker ? 0x80 : 0) | 102;
        header.writeUInt16BE(sequence++ & 0xffff, 2);
        header.writeUInt32BE(timestamp, 4);
        header.writeUInt32BE(1, 8);
        const packet = Buffer.concat([header, payload]);
        sending.push(new Promise((resolve) => socket.send(packet, port, '127.0.0.1', resolve)));
      },
    });
    await Promise.all(sending);
  }
  socket.close();
}

/** RTP stands on even ports, RTCP beside it (RFC 3550 §11): the first of two that are free. */
async function freePort(): Promise<number> {
  for (;;) {
    const [rtp, rtcp] = [createSocket('udp4'), createSocket('udp4')];
    await bind(rtp, 0);
    const { port } = rtp.address();
    const free = port % 2 === 0 && (await bind(rtcp, port + 1));
    rtp.close();
    rtcp.close();
    if (free) return port;
  }
}

function bind(socket: Socket, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    socket.once('error', () => resolve(false));
    socket.bind(port, () => resolve(true));
  });
}

/** Whether somebody has bound the port, by the system's list: a try of our own could take it from him just then. */
function inUse(port: number): boolean {
  const entry = new RegExp(`^ *\\d+: [0-9A-F]+:${port.toString(16).toUpperCase().padStart(4, '0')} `, 'm');
  return ['/proc/net/udp', '/proc/net/udp6'].some(
    (list) => existsSync(list) && entry.test(readFileSync(list, 'latin1')),
  );
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 20));
}

function hashesOf(text: string): string[] {
  return text
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => line.split(',').at(-1)!.trim());
}
