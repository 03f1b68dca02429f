/** `lianmai capture`: the first seconds of a push, as a running server sees them, in two files. */
import { existsSync, readFileSync } from 'node:fs';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { createInterface } from 'node:readline';
import { type CaptureFiles, type CaptureRecord, openCaptureFiles } from '@lianmai/gateway';
import { STREAM_APP } from '@lianmai/protocol';
import { z } from 'zod';
import { errorCode } from '../config/load.ts';
import type { Config } from '../config/schema.ts';
import { loadTls, localCertificatePaths } from '../http/tls.ts';
import type { KeyPair } from '../identity/server-key.ts';
import { CAPTURE_PATH, MAX_CAPTURE_SECONDS } from '../phones/capture-route.ts';
import { ensureCredentials } from '../store/application.ts';
import { openStores } from '../store/open.ts';
import { EXIT, ExitError } from './exit.ts';
import { print } from './output.ts';

export interface CaptureOptions {
  readonly seconds: string;
  readonly out?: string;
  readonly url?: string;
  /** A push that is refused will do, too. */
  readonly refused?: boolean;
}

/** A media record as its line has it; the others are plain JSON already. */
const mediaSchema = z.object({
  kind: z.literal('media'),
  at: z.number(),
  media: z.enum(['audio', 'video', 'data']),
  timestamp: z.number(),
  what: z.enum(['config', 'keyframe', 'frame', 'metadata', 'other']),
  compositionMs: z.number(),
  payload: z.base64(),
});
const refusedSchema = z.object({ kind: z.literal('refused'), remoteAddress: z.string(), reason: z.string() });
const otherSchema = z.looseObject({
  kind: z.enum(['begin', 'message', 'video-config', 'audio-config', 'group', 'end']),
});

/** @throws ExitError with one sentence when there is no capture to write. */
export async function capture(config: Config, given: string, options: CaptureOptions): Promise<void> {
  const stream = streamOf(given);
  const seconds = Number(options.seconds);
  if (!(seconds >= 1 && seconds <= MAX_CAPTURE_SECONDS)) {
    throw new ExitError(EXIT.usage, `--seconds must be a number from 1 to ${MAX_CAPTURE_SECONDS}.`);
  }
  const url = options.url ?? ownUrl(config);
  const body = JSON.stringify({ stream, seconds, refused: options.refused === true });
  const response = await ask(config, url, await apiKey(config), body);
  if (response.statusCode !== 200) throw new ExitError(EXIT.unavailable, await refusalOf(response, url));
  const files = await openFiles(options.out ?? `capture-${stream}`);
  print(`Waiting for the next push of ${stream} (Ctrl-C ends it) …`);
  const stop = () => response.destroy();
  process.once('SIGINT', stop);
  try {
    const ended = await write(response, files);
    await files.close();
    print(`Written: ${files.jsonPath} (what was said, one JSON record a line), ${files.flvPath} (what was sent).`);
    if (!ended) throw new ExitError(EXIT.unavailable, 'The capture ended before the push did: the files may be short.');
  } finally {
    process.off('SIGINT', stop);
  }
}

/** A stream name, also from a push URL; the ticket behind it goes nowhere. */
export function streamOf(given: string): string {
  const path = given.split('?', 1)[0] ?? '';
  const mark = path.lastIndexOf(`/${STREAM_APP}/`);
  return mark < 0 ? path : path.slice(mark + STREAM_APP.length + 2);
}

function ownUrl(config: Config): string {
  const { host, port } = config.http;
  const name = host === '::' || host === '0.0.0.0' ? 'localhost' : host.includes(':') ? `[${host}]` : host;
  return `${loadTls(config) === null ? 'http' : 'https'}://${name}:${port}`;
}

async function apiKey(config: Config): Promise<KeyPair> {
  const stores = await openStores(config);
  try {
    return (await ensureCredentials(stores, config)).api;
  } finally {
    await stores.close();
  }
}

function ask(config: Config, url: string, api: KeyPair, body: string): Promise<IncomingMessage> {
  const { authority } = localCertificatePaths(config.dataDir);
  // What "lianmai cert" made is trusted here, where it was made.
  const trusted = existsSync(authority) ? { ca: readFileSync(authority) } : {};
  return new Promise((resolve, reject) => {
    const away = (error: unknown) =>
      reject(
        new ExitError(
          EXIT.unavailable,
          `The server at ${url} does not answer (${errorCode(error)}). Is it running? Name it with --url.`,
        ),
      );
    try {
      const target = new URL(CAPTURE_PATH, url);
      const send = target.protocol === 'https:' ? httpsRequest : httpRequest;
      const headers = {
        'content-type': 'application/json',
        authorization: `Basic ${Buffer.from(`${api.key}:${api.secret}`).toString('base64')}`,
      };
      send(target, { method: 'POST', headers, ...trusted }, resolve)
        .on('error', away)
        .end(body);
    } catch (error) {
      away(error);
    }
  });
}

async function refusalOf(response: IncomingMessage, url: string): Promise<string> {
  let text = '';
  for await (const chunk of response) text = (text + String(chunk)).slice(0, 10_000);
  const parsed = z.object({ message: z.string() }).safeParse(jsonOf(text));
  return parsed.success
    ? `The server refuses: ${parsed.data.message}`
    : `The server at ${url} has no captures: is it a lianmai server that serves phones?`;
}

async function openFiles(prefix: string): Promise<CaptureFiles> {
  try {
    return await openCaptureFiles(prefix);
  } catch (error) {
    const code = errorCode(error);
    const why = code === 'EEXIST' ? 'is there already' : `cannot be written (${code})`;
    throw new ExitError(EXIT.data, `${prefix}.jsonl or ${prefix}.flv ${why}. Choose another name with --out.`);
  }
}

/** Answers whether the end was told. */
async function write(response: IncomingMessage, files: CaptureFiles): Promise<boolean> {
  let ended = false;
  // It broke while the files were opened: readline would wait for ever for a stream that has ended already.
  if (response.destroyed) return ended;
  try {
    for await (const line of createInterface({ input: response, crlfDelay: Number.POSITIVE_INFINITY })) {
      const record = recordOf(line);
      if (record === null) continue;
      files.write(record);
      tell(record);
      ended ||= record.kind === 'end';
    }
  } catch {
    // The connection broke, or Ctrl-C: what has come is kept.
  }
  return ended;
}

function recordOf(line: string): CaptureRecord | null {
  if (line === '') return null;
  const value = jsonOf(line);
  const media = mediaSchema.safeParse(value);
  if (media.success) return { ...media.data, payload: Buffer.from(media.data.payload, 'base64') };
  const refused = refusedSchema.safeParse(value);
  if (refused.success) return refused.data;
  return isOther(value) ? value : null;
}

/** By the server's word: what these records hold is written down as it came, and a few numbers are printed. */
function isOther(value: unknown): value is Exclude<CaptureRecord, { kind: 'media' | 'refused' }> {
  return otherSchema.safeParse(value).success;
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** What a person wants to know while it runs. */
function tell(record: CaptureRecord): void {
  switch (record.kind) {
    case 'refused':
      print(
        `A push from ${record.remoteAddress} was refused (${record.reason}); waiting on. --refused writes such a one.`,
      );
      return;
    case 'begin':
      print(`Push from ${record.remoteAddress}.`);
      return;
    case 'video-config':
      print(
        record.sets === null
          ? 'Video: its configuration cannot be read.'
          : `Video: H.264 profile ${record.sets.profile}, level ${record.sets.level / 10}, ${record.sets.width}×${record.sets.height}.`,
      );
      return;
    case 'audio-config':
      print(
        `Sound: AAC object type ${record.objectType}, ${record.sampleRate ?? '?'} Hz, ${record.channels} channel(s)${record.refused === null ? '' : `; refused: ${record.refused}`}.`,
      );
      return;
    case 'end': {
      const { count, shortestMs, longestMs } = record.groups;
      const groups = count === 0 ? 'no complete group' : `${count} complete group(s) of ${shortestMs}–${longestMs} ms`;
      print(
        `Ended (${record.reason}): ${record.video.messages} video and ${record.audio.messages} audio messages, ${groups}.`,
      );
      return;
    }
    default:
      return;
  }
}
