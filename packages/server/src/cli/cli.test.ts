import { type ChildProcess, spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { roomsigAnswerSchema } from '@lianmai/protocol';
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { startServer } from '../app.ts';
import { loadConfig } from '../config/load.ts';
import { createLogger } from '../http/logger.ts';
import { EXIT, ExitError } from './exit.ts';
import { runCommand } from './program.ts';

const main = fileURLToPath(new URL('../main.ts', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'lianmai-cli-'));
const children: ChildProcess[] = [];

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Why the server does not start with these flags. */
async function failureOf(flags: Record<string, string>): Promise<ExitError> {
  try {
    const config = loadConfig({
      environment: {},
      flags: { port: '0', 'rtc-port': '0', 'rtmp-port': '0', host: '127.0.0.1', ...flags },
    });
    const server = await startServer(config, createLogger({ level: 'silent', format: 'json' }));
    await server.stop();
  } catch (error) {
    if (error instanceof ExitError) return error;
    throw error;
  }
  throw new Error('it started');
}

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

interface Running {
  readonly child: ChildProcess;
  /** Resolves with the port once it is ready. */
  readonly ready: Promise<number>;
  readonly ended: Promise<Ended>;
}

function start(args: string[], environment: Record<string, string> = {}): Running {
  const { PATH = '' } = process.env;
  const child = spawn(process.execPath, [main, ...args], { env: { PATH, ...environment }, cwd: folder });
  children.push(child);
  let out = '';
  let err = '';
  let isReady: (port: number) => void = () => {};
  let isEnded: (ended: Ended) => void = () => {};
  const ready = new Promise<number>((resolve) => {
    isReady = resolve;
  });
  const ended = new Promise<Ended>((resolve) => {
    isEnded = resolve;
  });
  child.stdout?.on('data', (chunk) => {
    out += String(chunk);
    const port = out.match(/Lianmai is ready[\s\S]*Open +\w+:\/\/[^\n]*:(\d+)\n[\s\S]*Data/)?.[1];
    if (port !== undefined) isReady(Number(port));
  });
  child.stderr?.on('data', (chunk) => {
    err += String(chunk);
  });
  child.on('close', (code) => isEnded({ code, out, err }));
  return { child, ready, ended };
}

/** Runs a command that ends by itself in this process, and answers what a process of its own would. */
async function run(args: string[], environment: Record<string, string> = {}): Promise<Ended> {
  let out = '';
  let err = '';
  const stdout = vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    out += String(text);
    return true;
  });
  const stderr = vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    err += String(text);
    return true;
  });
  for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value);
  try {
    const code = await runCommand(args);
    return { code, out, err };
  } finally {
    vi.unstubAllEnvs();
    stdout.mockRestore();
    stderr.mockRestore();
  }
}

const serveArgs = (dataDir: string, more: string[] = []) => [
  'serve',
  ...['--data-dir', join(folder, dataDir), '--port', '0', '--rtc-port', '0', '--host', '127.0.0.1'],
  ...['--rtmp-port', '0'],
  ...['--log-format', 'json', '--log-level', 'warn', ...more],
];

const keysSchema = z.object({
  application: z.object({ sdkAppID: z.int(), accountType: z.string(), privateKey: z.string(), publicKey: z.string() }),
  api: z.object({ key: z.string(), secret: z.string() }),
});
const keysOf = async (dataDir: string) =>
  keysSchema.parse(JSON.parse((await run(['keys', '--data-dir', join(folder, dataDir)])).out));

/** Starting processes takes long on a busy machine. */
const TIMEOUT_MS = 120_000;

describe('lianmai', { timeout: TIMEOUT_MS }, () => {
  it('[CL1] --help names every command; each command has its own help', async () => {
    const help = await run(['--help']);
    expect(help.code).toBe(0);
    for (const command of ['serve', 'keys', 'keygen', 'rooms', 'sign', 'verify', 'cert', 'capture', 'config']) {
      expect(help.out).toMatch(new RegExp(`^  ${command} `, 'm'));
    }
    const serve = await run(['serve', '--help']);
    expect(serve.out).toContain('--rtc-port');
    expect(serve.out).toContain('LIANMAI_PORT');
  });

  it('[CL2] a wrong command line is one sentence and 64', async () => {
    for (const args of [['nonsense'], ['serve', '--nonsense'], ['sign'], ['keygen', '--curve', 'p521']]) {
      const { code, err } = await run(args);
      expect(code, args.join(' ')).toBe(EXIT.usage);
      expect(err).not.toMatch(/^ +at /m);
    }
  });

  it('[CL3] sign and verify agree: userSig and privateMapKey, v1 and v2', async () => {
    const pair = z
      .object({ privateKey: z.string(), publicKey: z.string() })
      .parse(JSON.parse((await run(['keygen', '--curve', 'secp256k1'])).out));
    const privatePath = join(folder, 'private.pem');
    const publicPath = join(folder, 'public.pem');
    writeFileSync(privatePath, pair.privateKey);
    writeFileSync(publicPath, pair.publicKey);
    const who = ['--sdkappid', '1400000001', '--user', 'ann'];
    const room = ['--room', '7'];
    for (const [signKey, verifyKey] of [
      [privatePath, publicPath],
      ['a-secret-text', 'a-secret-text'],
    ] as const) {
      const signed = await run(['sign', '--key', signKey, ...who, ...room, '--privileges', '42', '--expire', '60']);
      expect(signed.code, signed.err).toBe(0);
      const { ticket } = z.object({ ticket: z.string() }).parse(JSON.parse(signed.out));
      const good = await run(['verify', '--key', verifyKey, ...who, ...room, ticket]);
      expect([good.code, JSON.parse(good.out)]).toMatchObject([0, { valid: true, privileges: 42 }]);
      const late = String(Math.floor(Date.now() / 1000) + 100);
      const expired = await run(['verify', '--key', verifyKey, ...who, ...room, '--at', late, ticket]);
      expect([expired.code, JSON.parse(expired.out)]).toMatchObject([2, { valid: false, reason: 'expired' }]);
      const other = await run(['verify', '--key', verifyKey, ...who, '--room', '8', ticket]);
      expect([other.code, JSON.parse(other.out)]).toMatchObject([2, { valid: false, reason: 'other-room' }]);
    }
    const userSig = await run(['sign', '--key', 'a-secret-text', ...who]);
    const { ticket } = z.object({ ticket: z.string() }).parse(JSON.parse(userSig.out));
    expect((await run(['verify', '--key', 'a-secret-text', ...who, ticket])).code).toBe(0);
    expect((await run(['verify', '--key', 'wrong', ...who, ticket])).code).toBe(2);
  });

  it('[CL3] wrong keys and claims are one sentence and a code of their own', async () => {
    const who = ['--sdkappid', '1400000001', '--user', 'ann'];
    const junk = join(folder, 'junk.pem');
    writeFileSync(junk, '-----BEGIN EC PRIVATE KEY-----\nxx\n-----END EC PRIVATE KEY-----\n');
    expect((await run(['sign', '--key', junk, ...who])).code).toBe(EXIT.data);
    expect((await run(['sign', '--key', './no-such.pem', ...who])).code).toBe(EXIT.noInput);
    expect((await run(['sign', '--key', 's', '--sdkappid', '1', '--user', '小明'])).code).toBe(EXIT.data);
    expect((await run(['sign', '--key', 's', '--sdkappid', 'x', '--user', 'a'])).code).toBe(EXIT.usage);
  });

  it('[CL4] the first start makes data folder, application and key; the next finds them; Ctrl-C ends it', async () => {
    const first = start(serveArgs('fresh'));
    const port = await first.ready;
    expect((await fetch(`http://127.0.0.1:${port}/healthz`)).status).toBe(200);
    expect(statSync(join(folder, 'fresh')).mode & 0o077).toBe(0);
    const keys = await keysOf('fresh');
    expect(keys.application.sdkAppID).toBeGreaterThanOrEqual(1_400_000_000);
    expect(keys.application.privateKey).toContain('BEGIN PRIVATE KEY');

    const basic = `Basic ${Buffer.from(`${keys.api.key}:${keys.api.secret}`).toString('base64')}`;
    const made = await fetch(`http://127.0.0.1:${port}/functions/webrtc-create-room`, {
      method: 'POST',
      headers: { authorization: basic },
      body: JSON.stringify({ roomID: 5, userID: 'ann', roomName: 'kept' }),
    });
    expect(made.status).toBe(200);
    const base = `http://127.0.0.1:${port}`;
    const args = ['rooms', 'list', '--data-dir', join(folder, 'fresh')];
    expect((await run([...args, '--url', base])).out).toContain('kept');
    expect((await run(args)).out).toContain('kept');
    first.child.kill('SIGINT');
    const { code, out, err } = await first.ended;
    expect([code, err]).toEqual([0, '']);
    const rtmpPort = out.match(/Phones +rtmp:\/\/127\.0\.0\.1:(\d+)\/live/)?.[1];
    expect(rtmpPort).toBeDefined();
    expect(out).toMatch(new RegExp(`Firewall +TCP \\d+, TCP ${rtmpPort}, UDP \\d+`));
    expect(out).toContain(join(folder, 'fresh'));

    const second = start(serveArgs('fresh'));
    await second.ready;
    expect(await keysOf('fresh')).toEqual(keys);
    expect((await run([...args, '--json'])).out).toContain('kept');
    second.child.kill('SIGTERM');
    second.child.kill('SIGINT');
    expect((await second.ended).code).toBe(0);
  });

  it('[CL5] a busy port, a folder that cannot be, a wrong setting: one sentence and a code of its own', async () => {
    const blocker = createServer();
    await new Promise<void>((resolve) => blocker.listen(0, '127.0.0.1', resolve));
    const address = blocker.address();
    const port = typeof address === 'object' && address !== null ? String(address.port) : '';
    const file = join(folder, 'a-file');
    writeFileSync(file, '');
    const garbled = join(folder, 'garbled.db');
    writeFileSync(garbled, 'this is no database, and long enough to be told from an empty file. '.repeat(20));
    try {
      const busy = await start(serveArgs('busy', ['--port', port])).ended;
      expect(busy.code).toBe(EXIT.port);
      expect(busy.err).toBe(
        `lianmai: TCP port ${port} is in use by another program. Stop it, or choose another with --port.\n`,
      );
      for (const [flags, expected, sentence] of [
        [{ 'data-dir': join(file, 'below') }, EXIT.dataFolder, 'cannot be made or written'],
        [{ host: '203.0.113.1' }, EXIT.port, 'not one of this machine'],
        [{ port: 'x' }, EXIT.config, 'must be a number'],
        [{ 'rtmp-port': port }, EXIT.port, '(RTMP) is in use'],
        [{ 'rtmp-host': '203.0.113.1' }, EXIT.port, 'Choose another with --rtmp-host'],
        [{ 'tls-cert': 'no.crt', 'tls-key': 'no.key' }, EXIT.noInput, 'cannot be read'],
        [{ 'tls-cert': file, 'tls-key': file }, EXIT.config, 'not a PEM certificate'],
        [{ 'trusted-proxies': 'proxy' }, EXIT.config, 'neither an address nor a network'],
        [{ 'database-url': `sqlite:${garbled}` }, EXIT.store, ''],
      ] as const) {
        const failure = await failureOf({ 'data-dir': join(folder, 'x'), ...flags });
        expect(failure.exitCode, failure.message).toBe(expected);
        expect(failure.message).toContain(sentence);
        expect(failure.message).not.toContain('\n');
      }
      const udp = createSocket('udp4');
      await new Promise<void>((resolve) => udp.bind(0, '127.0.0.1', resolve));
      const failure = await failureOf({ 'data-dir': join(folder, 'x'), 'rtc-port': String(udp.address().port) });
      udp.close();
      expect([failure.exitCode, failure.message]).toEqual([EXIT.port, expect.stringContaining('UDP port')]);
    } finally {
      blocker.close();
    }
  });

  it('[CL6] cert makes an authority once and a certificate with which serve speaks https', async () => {
    const args = ['cert', '--data-dir', join(folder, 'tls'), '--name', 'meet.test,203.0.113.9'];
    const first = await run(args);
    expect(first.code, first.err).toBe(0);
    const path = (name: string) => join(folder, 'tls', 'tls', name);
    const authority = readFileSync(path('authority.crt'), 'utf8');
    const server = readFileSync(path('server.crt'), 'utf8');
    expect(statSync(path('authority.key')).mode & 0o077).toBe(0);
    expect(statSync(path('server.key')).mode & 0o077).toBe(0);
    expect((await run(args)).code).toBe(0);
    expect(readFileSync(path('authority.crt'), 'utf8')).toBe(authority);
    expect(readFileSync(path('server.crt'), 'utf8')).not.toBe(server);

    const running = start(serveArgs('tls'));
    const port = await running.ready;
    // Checked against the authority alone, under a name that was asked for.
    const call = (path: string, method: string, headers: Record<string, string>, body: string) =>
      new Promise<{ status: number; text: string }>((resolve, reject) => {
        const options = { host: '127.0.0.1', port, path, method, headers, ca: authority, servername: 'meet.test' };
        const sent = request(options, async (response) => {
          let text = '';
          for await (const chunk of response) text += String(chunk);
          resolve({ status: response.statusCode ?? 0, text });
        });
        sent.on('upgrade', (response, socket) => {
          socket.destroy();
          resolve({ status: response.statusCode ?? 0, text: '' });
        });
        sent.on('error', reject);
        sent.end(body);
      });
    expect((await call('/healthz', 'GET', {}, '')).text).toBe('{"status":"ok"}');

    // The whole way in: what a page from another device asks for is answered with secure addresses, which answer too.
    const post = async (path: string, body: unknown, authorization = '') => {
      const headers = { host: `meet.test:${port}`, ...(authorization === '' ? {} : { authorization }) };
      return JSON.parse((await call(path, 'POST', headers, JSON.stringify(body))).text);
    };
    const login = await post('/functions/webrtc-login', { type: 'guest', name: 'Ann' });
    const entered = await post('/functions/webrtc-enter-room', { roomID: 7 }, `Bearer ${login.data.token}`);
    const { userID, sdkAppID, userSig, privateMapKey } = entered.data.signInfo;
    const query = `sdkappid=${sdkAppID}&identifier=${userID}&usersig=${userSig}&random=1&contenttype=json`;
    const roomsig = await post(`/v4/openim/jsonvideoapp?${query}`, {
      ReqHead: { Cmd: 1, SeqNo: 1, BusType: 7, GroupId: 7 },
      ReqBody: { PrivMapEncrypt: privateMapKey, TerminalType: 1, FromType: 2, SdkVersion: 1 },
    });
    const { url, token } = roomsigAnswerSchema.parse(roomsig).RspBody;
    expect(url).toBe(`wss://meet.test:${port}`);
    const upgrade = {
      connection: 'Upgrade',
      upgrade: 'websocket',
      'sec-websocket-version': '13',
      'sec-websocket-key': Buffer.alloc(16).toString('base64'),
    };
    expect((await call(`/rtc?access_token=${token}&protocol=17`, 'GET', upgrade, '')).status).toBe(101);
    running.child.kill('SIGINT');
    expect((await running.ended).code).toBe(0);
  });

  it('[CL7] keys makes what the first start would, and the settings come before what is kept', async () => {
    const kept = await keysOf('keys');
    expect(existsSync(join(folder, 'keys', 'lianmai.db'))).toBe(true);
    const args = ['keys', '--data-dir', join(folder, 'keys')];
    const secret = '0123456789abcdef0123456789abcdef';
    const set = await run(args, { LIANMAI_API_KEY: 'mine', LIANMAI_API_SECRET: secret });
    expect(keysSchema.parse(JSON.parse(set.out))).toEqual({ ...kept, api: { key: 'mine', secret } });
  });
});
