import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { CODES, FUNCTIONS } from '@lianmai/protocol';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { Harness } from '../testing/harness.ts';
import { addressKey } from './gate.ts';
import { createTrustedProxies } from './proxies.ts';
import { RateLimiter } from './rate.ts';

let harness: Harness;
let webDir: string;

beforeAll(async () => {
  webDir = mkdtempSync(join(tmpdir(), 'lianmai-web-'));
  mkdirSync(join(webDir, 'assets'));
  writeFileSync(join(webDir, 'index.html'), '<!doctype html><title>page</title>');
  writeFileSync(join(webDir, 'assets', 'index-abc.js'), 'export {};');
  harness = await Harness.start({ config: { webDir } });
});
afterAll(async () => {
  await harness.stop();
  rmSync(webDir, { recursive: true, force: true });
});

/** A request with headers that fetch does not let one set. */
function rawRequest(
  path: string,
  headers: Record<string, string>,
  body: string,
): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(`${harness.base}${path}`, { method: 'POST', headers }, async (response) => {
      let text = '';
      for await (const chunk of response) text += String(chunk);
      resolve({ status: response.statusCode ?? 0, text });
    });
    request.on('error', reject);
    request.end(body);
  });
}

describe('the one port', () => {
  it('[FN42] tokens and offers in the URL may be long, heads without end may not', async () => {
    const validate = async (length: number) =>
      (await fetch(`${harness.base}/rtc/validate?join_request=${'x'.repeat(length)}`)).status;
    expect(await validate(200_000)).toBe(503);
    expect(await validate(300_000)).toBe(431);
  });

  it('[FN40] answers health, the page for its own addresses, its files, and 404 for the rest', async () => {
    expect(await (await fetch(`${harness.base}/healthz`)).json()).toEqual({ status: 'ok' });
    expect((await fetch(`${harness.base}/`, { method: 'HEAD' })).status).toBe(200);
    for (const path of ['/', '/r/123', '/r/123?x=1']) {
      const response = await fetch(`${harness.base}${path}`);
      expect(await response.text()).toContain('<title>page');
      expect(response.headers.get('cache-control')).toBe('no-cache');
    }
    const asset = await fetch(`${harness.base}/assets/index-abc.js`);
    expect(asset.headers.get('content-type')).toContain('javascript');
    expect(asset.headers.get('cache-control')).toContain('immutable');
    for (const path of ['/x', '/../package.json', '/assets/%2e%2e/%2e%2e/etc/passwd', '/r', '/r/1/2', '/functions']) {
      expect((await fetch(`${harness.base}${path}`)).status, path).toBe(404);
    }
    const lost = await fetch(`${harness.base}/nowhere`, { headers: { accept: 'text/html,*/*' } });
    expect(lost.status).toBe(404);
    expect(await lost.text()).toContain('<title>page');
    expect(await (await fetch(`${harness.base}/nowhere`)).text()).not.toContain('<title>page');
  });

  it('[FN41] sends security headers with every answer', async () => {
    for (const path of ['/', '/healthz', '/functions/x', '/docs/', '/openapi.json', '/x']) {
      const { headers } = await fetch(`${harness.base}${path}`);
      expect(headers.get('x-content-type-options'), path).toBe('nosniff');
      expect(headers.get('content-security-policy'), path).toContain("default-src 'self'");
      expect(headers.get('content-security-policy'), path).toContain("frame-ancestors 'none'");
      expect(headers.get('referrer-policy'), path).toBe('no-referrer');
    }
    expect((await fetch(`${harness.base}/`)).headers.get('permissions-policy')).toContain('camera=(self)');
  });

  it('[FN23] lets pages of other origins call functions and roomsig, as configured', async () => {
    const ask = (base: string, path: string, origin: string) =>
      fetch(`${base}${path}`, {
        method: 'OPTIONS',
        headers: { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': 'authorization' },
      });
    for (const path of ['/functions/webrtc-login', '/v4/openim/jsonvideoapp']) {
      const open = await ask(harness.base, path, 'https://a.example');
      expect(open.status).toBe(204);
      expect(open.headers.get('access-control-allow-origin')).toBe('*');
      expect(open.headers.get('access-control-allow-headers')).toContain('authorization');
    }
    const own = await Harness.start({ config: { http: { corsOrigins: ['https://a.example'] } } });
    try {
      const path = '/functions/webrtc-login';
      const good = await ask(own.base, path, 'https://a.example');
      expect(good.headers.get('access-control-allow-origin')).toBe('https://a.example');
      expect(good.headers.get('vary')).toContain('origin');
      expect((await ask(own.base, path, 'https://b.example')).headers.get('access-control-allow-origin')).toBeNull();
    } finally {
      await own.stop();
    }
  });

  it("[FN42] the media engine's addresses reach the engine", async () => {
    expect((await fetch(`${harness.base}/rtc/validate`)).status).toBe(503);
    expect((await fetch(`${harness.base}/rtc/v1/validate`)).status).toBe(503);
    expect((await fetch(`${harness.base}/rtc`)).status).toBe(404);
    const { api } = harness.server.credentials;
    const { RoomServiceClient } = await import('livekit-server-sdk');
    harness.media.join('elsewhere', 'x');
    expect(
      (await new RoomServiceClient(harness.base, api.key, api.secret).listRooms()).map((room) => room.name),
    ).toContain('elsewhere');
  });

  it('[FN24] derives its address from the request, which must name a host', async () => {
    const client = await harness.guest();
    const { signInfo } = await harness.call('webrtc-enter-room', { roomID: 1 }, client);
    const path = `/v4/openim/jsonvideoapp?sdkappid=${signInfo.sdkAppID}&identifier=${signInfo.userID}&usersig=${signInfo.userSig}`;
    const body = JSON.stringify({
      ReqHead: { Cmd: 1, BusType: 7, GroupId: 1 },
      ReqBody: { PrivMapEncrypt: signInfo.privateMapKey, FromType: 2 },
    });
    const ask = async (headers: Record<string, string>) => (await rawRequest(path, headers, body)).text;
    expect(await ask({ host: 'meet.local:8080' })).toContain('"url":"ws://meet.local:8080"');
    expect(await ask({ host: '[2001:db8::1]:80' })).toContain('"url":"ws://[2001:db8::1]:80"');
    for (const host of ['evil/path', 'a b', 'a@b', 'x?y', 'x#y', '"', 'a\\b']) {
      expect(await ask({ host }), host).toContain('"ErrorCode":-3316');
    }
    // Nobody here is a trusted proxy, so nobody may say so.
    const forwarded = { host: 'a.example', 'x-forwarded-host': 'evil.example', 'x-forwarded-proto': 'https' };
    expect(await ask(forwarded)).toContain('"url":"ws://a.example"');
  });

  it('[FN24] believes a trusted proxy', async () => {
    const own = await Harness.start({ config: { http: { trustedProxies: ['127.0.0.0/8'] } } });
    try {
      const client = await own.guest();
      const { signInfo } = await own.call('webrtc-enter-room', { roomID: 1 }, client);
      const headers = { 'x-forwarded-host': 'meet.example', 'x-forwarded-proto': 'https' };
      const { body } = await own.roomsig(signInfo, 1, { headers });
      expect(body).toMatchObject({ RspBody: { url: 'wss://meet.example' } });
    } finally {
      await own.stop();
    }
  });
});

describe('upgrades', () => {
  it('[FN43] a WebSocket asked for where there is none is refused, and its reset ends nothing else', async () => {
    const { server } = harness.server.app;
    const upgraded = new Promise<Duplex>((resolve) => {
      server.once('upgrade', (_request, socket) => resolve(socket));
    });
    const client = connect(Number(new URL(harness.base).port), '127.0.0.1');
    client.on('error', () => {});
    client.write('GET /nothing HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
    const socket = await upgraded;
    // Without a listener, this error would be nobody's and end the process.
    expect(socket.emit('error', new Error('read ECONNRESET'))).toBe(true);
    expect(socket.destroyed).toBe(true);
    client.destroy();
    expect((await fetch(`${harness.base}/healthz`)).status).toBe(200);
  });
});

describe('limits', () => {
  it('[FN12] an address, a user and a login each have a rate; the server key has none', async () => {
    // Nothing refills while the test runs, however long that takes.
    const clock = vi.spyOn(performance, 'now').mockReturnValue(1_000);
    const own = await Harness.start({
      config: { limits: { perAddressPerSecond: 5, perUserPerSecond: 0.5, loginsPerAddressPerMinute: 2 } },
    });
    try {
      const [one, two] = [await own.guest(), await own.guest()];
      const login = await own.raw('webrtc-login', { type: 'guest', name: 'x' }, null);
      expect(login.body.code).toBe(10011);
      expect(Number(login.headers.get('retry-after'))).toBeGreaterThan(0);
      const list = async (client: typeof one | null) => own.code('webrtc-get-room-list', {}, client);
      expect([await list(one), await list(one), await list(one)]).toEqual([0, 0, 10011]);
      expect(await list(two)).toBe(0);
      const codes = new Set<number>();
      for (let count = 0; count < 30; count++) codes.add(await list(null));
      expect(codes).toEqual(new Set([10006, 10011]));
      for (let count = 0; count < 30; count++) expect(await list(own.serverKey)).toBe(0);
    } finally {
      await own.stop();
      clock.mockRestore();
    }
  });

  it('[FN12] a bucket refills by the clock, says when, and forgets the quietest key first', () => {
    let now = 0;
    const limiter = new RateLimiter({ perSecond: 2, burst: 2, maxKeys: 2, now: () => now });
    const takes = (key: string) => {
      try {
        limiter.take(key);
        return true;
      } catch {
        return false;
      }
    };
    expect([takes('a'), takes('a'), takes('a')]).toEqual([true, true, false]);
    now = 499;
    expect(takes('a')).toBe(false);
    now = 1000;
    expect(takes('a')).toBe(true);
    expect(takes('b')).toBe(true);
    takes('a');
    expect(takes('c')).toBe(true);
    expect(takes('a')).toBe(false);
  });

  it('[FN12] one IPv6 /64 counts as one address', () => {
    expect(addressKey('2001:db8:1:2::1')).toBe(addressKey('2001:db8:1:2:ffff::9'));
    expect(addressKey('2001:db8::1')).toBe('2001:db8:0:0');
    expect(addressKey('2001:db8:1:2::1')).not.toBe(addressKey('2001:db8:1:3::1'));
    expect(addressKey('::ffff:1.2.3.4')).not.toBe(addressKey('::ffff:1.2.3.5'));
    expect(addressKey('1.2.3.4')).toBe('1.2.3.4');
  });

  it('[FN24] finds the client behind trusted proxies only', () => {
    const proxies = createTrustedProxies(['10.0.0.0/8', '192.0.2.1', '2001:db8::/32']);
    const from = (remoteAddress: string, forwarded: string) =>
      proxies.clientAddress(
        Object.assign(Object.create(null), { socket: { remoteAddress }, headers: { 'x-forwarded-for': forwarded } }),
      );
    expect(from('10.1.1.1', '9.9.9.9, 8.8.8.8')).toBe('8.8.8.8');
    expect(from('10.1.1.1', '9.9.9.9, 10.2.2.2')).toBe('9.9.9.9');
    expect(from('7.7.7.7', '9.9.9.9')).toBe('7.7.7.7');
    expect(from('10.1.1.1', 'junk')).toBe('10.1.1.1');
    expect(from('2001:db8::5', '9.9.9.9')).toBe('9.9.9.9');
    expect(() => createTrustedProxies(['10.0.0.0/33'])).toThrow('neither an address nor a network');
    expect(() => createTrustedProxies(['proxy.example'])).toThrow('neither an address nor a network');
  });
});

describe('documentation', () => {
  const documentSchema = z.object({
    openapi: z.string(),
    paths: z.record(z.string(), z.record(z.string(), z.looseObject({ responses: z.record(z.string(), z.unknown()) }))),
  });

  it('[FN20] describes every function, alias and code, made from the schemas that validate', async () => {
    const text = await (await fetch(`${harness.base}/openapi.json`)).text();
    const { openapi, paths } = documentSchema.parse(JSON.parse(text));
    expect(openapi).toBe('3.1.0');
    for (const [name, spec] of Object.entries(FUNCTIONS)) {
      for (const called of [name, ...spec.aliases])
        expect(paths[`/functions/${called}`]?.['post'], called).toBeDefined();
    }
    for (const { code, status } of Object.values(CODES)) {
      expect(Object.keys(paths['/functions/webrtc-enter-room']?.['post']?.responses ?? {})).toContain(String(status));
      if (code !== 0) expect(text).toContain(`**${code}**`);
    }
    expect(text).toContain('"maximum":4294967294');
    expect(Object.keys(paths)).toContain('/v4/openim/jsonvideoapp');
  });

  it('[FN20] is rendered at /docs without anything from elsewhere', async () => {
    const response = await fetch(`${harness.base}/docs`);
    const page = await response.text();
    expect(response.status).toBe(200);
    expect(page).toContain('swagger-ui');
    const sources = [...page.matchAll(/(?:src|href)="([^"]+)"/g)].map((match) => match[1] ?? '');
    expect(sources.length).toBeGreaterThan(3);
    for (const source of sources) {
      expect(source).not.toMatch(/^https?:|^\/\//);
      expect((await fetch(new URL(source, response.url))).status, source).toBe(200);
    }
    expect(await (await fetch(`${harness.base}/docs/json`)).json()).toMatchObject({ openapi: '3.1.0' });
  });
});
