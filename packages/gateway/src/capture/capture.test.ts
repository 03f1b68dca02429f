import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { amfObject, writeAmf0 } from '../rtmp/amf0.ts';
import { MESSAGE } from '../rtmp/constants.ts';
import { RtmpClient } from '../rtmp/testing/client.ts';
import { hasFfmpeg, makeClip, packetsOf, run, scratch } from '../rtmp/testing/peers.ts';
import { type Served, serve } from '../rtmp/testing/serve.ts';
import { type CaptureRecord, createCaptures, openCaptureFiles } from './index.ts';
import { redactText, toJson } from './redact.ts';

const TICKET = 'Zm9yLWFsaWNlLWFsb25lLXVudGlsLW5vb24_-'.repeat(3);
const folder = scratch();
let served: Served;
let records: CaptureRecord[] = [];
const captures = createCaptures(() => performance.now());

beforeAll(async () => {
  served = await serve({}, { observe: captures.observe });
});
afterEach(() => {
  records = [];
  served.hub.refusal = null;
});
afterAll(async () => {
  await served.server.close('shutdown');
  folder.close();
});

function start(stream: string, maxMs = 60_000, maxBytes = 10_000_000, refused = false) {
  return captures.startCapture({ stream, refused, maxMs, maxBytes }, (record) => records.push(record));
}

const connect = (app: string, more: { tcUrl?: string } = {}) =>
  RtmpClient.connect({ host: '127.0.0.1', port: served.server.port, app, ...more });

const ended = (stream: string) =>
  served.hub.until(() => served.hub.streams.some((one) => one.target.stream === stream && one.ends.length === 1));

const commands = () =>
  records.flatMap((record) =>
    record.kind === 'message' && record.type === 'command' ? [[record.direction, record.values?.[0]]] : [],
  );

describe('redaction', () => {
  it('[RC3] queries, user information and tickets elsewhere are replaced by their length', () => {
    expect(redactText(`rtmp://me:pw@h/live/a?${'x'.repeat(143)}`, '')).toBe(
      'rtmp://<user>@h/live/a?<ticket, 143 characters>',
    );
    expect(redactText('live', TICKET)).toBe('live');
    expect(redactText(`failed: ${TICKET}`, TICKET)).toBe(`failed: <ticket, ${TICKET.length} characters>`);
    expect(redactText('tail', 'head=1/tail')).toBe('<ticket, 4 characters>');
  });

  it('[RC3] members named like a secret are replaced, whatever they hold, and odd values are JSON', () => {
    const value = amfObject({ userSig: 'abc', password: 'x', plain: 'y', list: [Number.NaN, undefined, new Date(0)] });
    expect(toJson(value, '')).toEqual({
      userSig: '<secret, 3 characters>',
      password: '<secret, 1 characters>',
      plain: 'y',
      list: ['NaN', null, '1970-01-01T00:00:00.000Z'],
    });
    const own = toJson(new Map([['__proto__', 'x']]), '');
    expect(JSON.stringify(own)).toBe('{"__proto__":"x"}');
  });
});

describe('capture', () => {
  it('[RC1] tells of a publish from its connect on, both directions, the end last', async () => {
    start('a');
    const client = await connect('live');
    await client.publish(`a?${TICKET}`);
    client.send('audio', 10, Uint8Array.of(0xaf, 0, 0x12, 0x10));
    client.send('audio', 33, Uint8Array.of(0xaf, 1, 1, 2, 3));
    client.command('deleteStream', 0, null, 1);
    await client.closed;
    await ended('a');
    expect(records[0]).toEqual({
      kind: 'begin',
      app: 'live',
      stream: 'a',
      remoteAddress: '127.0.0.1',
      query: { place: 'stream', characters: TICKET.length },
      dropped: 0,
    });
    expect(commands()).toEqual([
      ['in', 'connect'],
      ['out', '_result'],
      ['in', 'releaseStream'],
      ['in', 'FCPublish'],
      ['in', 'createStream'],
      ['out', '_result'],
      ['in', 'publish'],
      ['out', 'onFCPublish'],
      ['out', 'onStatus'],
      ['in', 'deleteStream'],
      ['out', 'onStatus'],
    ]);
    expect(records).toContainEqual(
      expect.objectContaining({ type: 'set-chunk-size', direction: 'in', values: [4_096] }),
    );
    expect(records).toContainEqual(
      expect.objectContaining({ type: 'window-acknowledgement-size', direction: 'out', values: [2_500_000] }),
    );
    expect(records).toContainEqual(
      expect.objectContaining({
        kind: 'audio-config',
        hex: '1210',
        objectType: 2,
        sampleRate: 44_100,
        channels: 2,
        refused: null,
      }),
    );
    expect(records.at(-1)).toMatchObject({
      kind: 'end',
      reason: 'closed by the client',
      audio: { messages: 2, firstTimestamp: 10, lastTimestamp: 33, longestStepMs: 23 },
    });
    expect(records.filter((record) => record.kind === 'end')).toHaveLength(1);
    // Plain data: it goes through a port as it is.
    expect(structuredClone(records)).toEqual(records);
    expect(captures.active).toBe(0);
  });

  it('[RC3] no record holds the ticket, wherever the client wrote it', async () => {
    const places = [
      { app: 'live', tcUrl: `rtmp://h/live?${TICKET}`, name: 'b', place: 'tcUrl' },
      { app: `live?${TICKET}`, tcUrl: `rtmp://h/live?${TICKET}`, name: 'b', place: 'app' },
      { app: `live/b?x/${TICKET}`, tcUrl: `rtmp://h/live/b?x/${TICKET}`, name: 'tail', place: 'app' },
      { app: 'live', tcUrl: 'rtmp://h/live', name: `b?${TICKET}`, place: 'stream' },
    ];
    for (const { app, tcUrl, name, place } of places) {
      records = [];
      start('b');
      const client = await connect(app, { tcUrl });
      client.command('call', 0, amfObject({ swfUrl: `http://h/x.swf?${TICKET}`, said: TICKET, token: 'short' }));
      await client.publish(name);
      client.message(
        MESSAGE.dataAmf0,
        writeAmf0(['@setDataFrame', 'onMetaData', amfObject({ url: `rtmp://h/live/b?${TICKET}` })]),
      );
      client.send('audio', 0, Uint8Array.of(0xaf, 1));
      client.command('deleteStream', 0, null, 1);
      await client.closed;
      expect(records[0]).toMatchObject({ kind: 'begin', stream: 'b', query: { place } });
      expect(records.at(-1)?.kind).toBe('end');
      const all = records.map(
        (record) => JSON.stringify(record) + (record.kind === 'media' ? Buffer.from(record.payload).toString() : ''),
      );
      expect(all.join('\n')).not.toContain(TICKET.slice(0, 20));
      expect(all.join('\n')).toContain(`<ticket, `);
      expect(records.some((record) => record.kind === 'media' && record.what === 'metadata')).toBe(true);
    }
  });

  it('[RC8] a refused publish is told and does not use up the capture, which waits for one that is let in', async () => {
    const capture = start('k');
    const description = 'The ticket has run out.';
    for (let n = 0; n < 101; n += 1) {
      served.hub.refusal = { code: 'NetStream.Publish.Denied', description };
      const stranger = await connect('live');
      await expect(stranger.publish('k?forged')).rejects.toThrow('run out');
      await stranger.closed;
    }
    // A stranger who tries on and on is told of a hundred times.
    const refused = { kind: 'refused', remoteAddress: '127.0.0.1', reason: description };
    expect(records).toEqual(Array.from({ length: 100 }, () => refused));
    expect(captures.active).toBe(1);
    records = [];
    served.hub.refusal = null;
    const client = await connect('live');
    await client.publish(`k?${TICKET}`);
    client.close();
    await ended('k');
    expect(records[0]).toMatchObject({ kind: 'begin', stream: 'k', query: { characters: TICKET.length } });
    expect(commands().slice(0, 2)).toEqual([
      ['in', 'connect'],
      ['out', '_result'],
    ]);
    expect(records.at(-1)?.kind).toBe('end');
    expect(captures.active).toBe(0);
    capture.stop();
  });

  it('[RC8] of two that stand at the door together, the one that is let in is captured', async () => {
    start('l');
    const doors: (() => void)[] = [];
    const clients = [await connect('live'), await connect('live')];
    const asked = served.hub.asked;
    const answers: Promise<unknown>[] = [];
    for (const [n, client] of clients.entries()) {
      served.hub.gate = new Promise((resolve) => doors.push(resolve));
      answers.push(client.publish(`l?ticket-of-${n === 0 ? 'a-stranger' : 'ann'}`).catch((error: unknown) => error));
      await served.hub.until(() => served.hub.asked === asked + n + 1);
    }
    served.hub.gate = Promise.resolve();
    doors[1]?.();
    await answers[1];
    served.hub.refusal = { code: 'NetStream.Publish.Denied', description: 'No.' };
    doors[0]?.();
    await clients[0]?.closed;
    clients[1]?.close();
    await ended('l');
    expect(records[0]).toMatchObject({ kind: 'begin', query: { characters: 'ticket-of-ann'.length } });
    expect(records.filter(({ kind }) => kind === 'begin' || kind === 'end' || kind === 'refused')).toHaveLength(2);
    expect(captures.active).toBe(0);
  });

  it('[RC4] where it is asked for, a refused publish is captured with its reason', async () => {
    start('c', 60_000, 10_000_000, true);
    served.hub.refusal = { code: 'NetStream.Publish.Denied', description: 'The ticket has run out.' };
    const client = await connect('live');
    await expect(client.publish('c?t')).rejects.toThrow('run out');
    await client.closed;
    expect(commands().at(-1)).toEqual(['out', 'onStatus']);
    expect(records.at(-1)).toMatchObject({ kind: 'end', reason: 'The ticket has run out.' });
  });

  it('[RC5] other streams, players and connections before it are not looked at', async () => {
    const before = await connect('live');
    const capture = start('d');
    const other = await connect('live');
    await other.publish('e');
    await before.publish('d');
    const player = await connect('live');
    await player.play('e');
    other.close();
    before.close();
    await Promise.all([other.closed, before.closed, player.closed]);
    expect(records).toEqual([]);
    expect(captures.active).toBe(1);
    capture.stop();
    expect(captures.active).toBe(0);
    expect(captures.observe('x')).toBe(null);
  });

  it('[RC6] it ends by its bytes, or when stopped, and the publish goes on', async () => {
    start('f', 60_000, 1_000);
    const client = await connect('live');
    await client.publish('f');
    for (let i = 0; i < 20; i += 1) client.send('video', i * 40, new Uint8Array(100));
    const stream = () => served.hub.streams.find((one) => one.target.stream === 'f');
    await served.hub.until(() => stream()?.media.length === 20);
    expect(records.at(-1)).toMatchObject({ kind: 'end', reason: 'the bytes of the capture are used up' });
    expect(records.filter((record) => record.kind === 'media')).toHaveLength(11);
    client.close();

    records = [];
    const capture = start('g', 60_000);
    const next = await connect('live');
    await next.publish('g');
    capture.stop();
    next.send('video', 0, new Uint8Array(100));
    await served.hub.until(() => served.hub.streams.some((one) => one.target.stream === 'g' && one.media.length === 1));
    expect(records.at(-1)).toMatchObject({ kind: 'end', reason: 'stopped' });
    expect(stream()?.target.stream).toBe('f');
    next.close();
  });

  it('[RC6] it ends by its messages, empty as they may be', async () => {
    start('j');
    const client = await connect('live');
    await client.publish('j');
    // One header, then type-3 headers of one byte each: a message of no bytes with each.
    client.socket.write(Buffer.concat([Uint8Array.of(4, 0, 0, 1, 0, 0, 0, 8, 1, 0, 0, 0), Buffer.alloc(50_100, 0xc4)]));
    await served.hub.until(() => captures.active === 0);
    expect(records.at(-1)).toMatchObject({ kind: 'end', reason: 'the messages of the capture are used up' });
    client.close();
  });

  it('[RC6] it ends by its time, and a listener that throws costs its capture only', async () => {
    start('h', 0);
    captures.startCapture({ stream: 'h', refused: false, maxMs: 60_000, maxBytes: 1_000 }, () => {
      throw new Error('full disk');
    });
    const client = await connect('live');
    await client.publish('h');
    client.send('video', 0, new Uint8Array(100));
    await served.hub.until(() => served.hub.streams.some((one) => one.target.stream === 'h' && one.media.length === 1));
    expect(captures.active).toBe(0);
    client.close();
  });

  it('[RC7] hostile media and AMF are told as they are, within the bounds', async () => {
    start('i');
    const client = await connect('live');
    for (let i = 0; i < 100; i += 1) client.command('call', 0, 'x'.repeat(1_000));
    await client.publish('i');
    client.send('video', 0, Uint8Array.of(0x17, 0, 0, 0, 0, 1, 2, 3));
    client.send('video', 5, new Uint8Array(0));
    client.send('audio', 5, Uint8Array.of(0xaf, 0));
    client.send('data', 5, Uint8Array.of(0x11));
    client.close();
    await ended('i');
    const [begin] = records;
    expect(begin?.kind === 'begin' && begin.dropped).toBeGreaterThan(20);
    expect(records).toContainEqual(expect.objectContaining({ kind: 'video-config', sets: null, hex: '010203' }));
    expect(records).toContainEqual(
      expect.objectContaining({ kind: 'audio-config', hex: '', refused: expect.any(String) }),
    );
    expect(records).toContainEqual(
      expect.objectContaining({ type: 'data', values: null, error: expect.stringContaining('AMF') }),
    );
    // What came first is what was kept.
    expect(commands()[0]).toEqual(['in', 'connect']);
  });
});

describe.skipIf(!hasFfmpeg)('capture of ffmpeg (skipped: no ffmpeg on this machine)', () => {
  it('[RC2] the files: decoded commands and configurations, group length, and the media as they were', async () => {
    const clip = join(folder.path, 'clip.flv');
    await makeClip(clip, 3);
    const files = await openCaptureFiles(join(folder.path, 'capture'));
    start('ffmpeg');
    await run('ffmpeg', '-i', clip, '-c', 'copy', '-f', 'flv', served.url(`ffmpeg?${TICKET}`)).done;
    await ended('ffmpeg');
    for (const record of records) files.write(record);
    await files.close();

    expect(await packetsOf(['-i', files.flvPath])).toEqual(await packetsOf(['-i', clip]));
    const text = readFileSync(files.jsonPath, 'utf8');
    expect(text).not.toContain(TICKET.slice(0, 20));
    const lines = text
      .trim()
      .split('\n')
      .map((line): Record<string, unknown> => JSON.parse(line));
    expect(lines.map((line) => line['kind'])).toEqual(records.map((record) => record.kind));
    const { out } = await run(
      'ffprobe',
      '-select_streams',
      'v',
      '-show_entries',
      'stream=profile,level,width,height',
      '-of',
      'json',
      clip,
    ).done;
    const probed = JSON.parse(out).streams[0];
    expect(probed).toMatchObject({ profile: 'Constrained Baseline', width: 320, height: 240 });
    const sets = lines.find((line) => line['kind'] === 'video-config')?.['sets'];
    expect(sets).toMatchObject({
      profile: 66,
      level: probed.level,
      width: 320,
      height: 240,
      lengthSize: 4,
      spsCount: 1,
    });
    expect(lines.find((line) => line['kind'] === 'audio-config')).toMatchObject({
      objectType: 2,
      sampleRate: 48_000,
      channels: 1,
    });
    expect(lines.filter((line) => line['kind'] === 'group').map((line) => [line['lengthMs'], line['frames']])).toEqual([
      [1_000, 15],
      [1_000, 15],
    ]);
    expect(lines.at(-1)).toMatchObject({
      kind: 'end',
      keyframes: 3,
      groups: { count: 2, shortestMs: 1_000, longestMs: 1_000 },
    });
    await expect(openCaptureFiles(join(folder.path, 'capture'))).rejects.toThrow('EEXIST');
  });
});
