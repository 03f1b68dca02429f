/** `npm start` as an operator meets it: a process group of its own, ended as a terminal ends it. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { AccessToken } from 'livekit-server-sdk';
import { afterAll, afterEach, describe, expect, it } from 'vitest';

const starter = fileURLToPath(new URL('start.mjs', import.meta.url));
const main = fileURLToPath(new URL('../packages/server/src/main.ts', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'lianmai-start-'));
/** A page that stands in for the built one: what is built is not the matter here. */
writeFileSync(join(folder, 'index.html'), '<title>stand-in page</title>');
const groups = new Set();

afterEach(() => {
  for (const pid of groups) endGroup(pid, 'SIGKILL');
  groups.clear();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function endGroup(pid, signal) {
  try {
    process.kill(-pid, signal);
  } catch {
    // It has ended already.
  }
}

/** `npm start -- <args>` without npm. Ports are free ones unless given. */
function start(dataDir, args = []) {
  const settings = ['--data-dir', join(folder, dataDir), '--host', '127.0.0.1', '--port', '0', '--rtc-port', '0'];
  const child = spawn(
    process.execPath,
    [starter, ...settings, '--log-level', 'warn', '--log-format', 'json', ...args],
    {
      cwd: folder,
      env: { PATH: process.env.PATH ?? '', LIANMAI_WEB_DIR: folder },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    },
  );
  groups.add(child.pid);
  const seen = { out: '', err: '' };
  const ready = new Promise((resolve) => {
    child.stdout.on('data', (chunk) => {
      seen.out += chunk;
      const address = /Open +(http:\/\/\S+)/.exec(seen.out)?.[1];
      if (address !== undefined && seen.out.includes('App ')) resolve(address);
    });
  });
  child.stderr.on('data', (chunk) => {
    seen.err += chunk;
  });
  // "close" comes when every process that could still write has gone: the server behind the starter too.
  const ended = once(child, 'close').then(([code]) => ({ code, ...seen }));
  const address = Promise.race([
    ready,
    ended.then(({ code, err }) => Promise.reject(new Error(`ended with ${code}: ${err}`))),
  ]);
  address.catch(() => {});
  return { child, address, ended };
}

async function keysOf(dataDir) {
  const child = spawn(process.execPath, [main, 'keys', '--data-dir', join(folder, dataDir)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let out = '';
  child.stdout.on('data', (chunk) => {
    out += chunk;
  });
  await once(child, 'close');
  return JSON.parse(out);
}

async function call(address, keys, name, event) {
  const { key, secret } = keys.api;
  const answer = await fetch(`${address}/functions/${name}`, {
    method: 'POST',
    headers: { authorization: `Basic ${Buffer.from(`${key}:${secret}`).toString('base64')}` },
    body: JSON.stringify(event),
  });
  return await answer.json();
}

/** Clients that do not go by themselves: half a request, an idle connection, a signal WebSocket. */
async function clinging(address, keys) {
  const { port } = new URL(address);
  const half = connect(Number(port), '127.0.0.1');
  half.on('error', () => {});
  await once(half, 'connect');
  half.write('POST /functions/webrtc-login HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{"type":');
  const token = new AccessToken(keys.api.key, keys.api.secret, { identity: 'ann', ttl: 60 });
  token.addGrant({ roomJoin: true, room: `${keys.application.sdkAppID}:5` });
  const url = `${address.replace('http', 'ws')}/rtc?access_token=${await token.toJwt()}&protocol=17&sdk=js`;
  const socket = new WebSocket(url);
  await once(socket, 'message');
  return () => {
    half.destroy();
    socket.close();
  };
}

describe('npm start', { timeout: 120_000 }, () => {
  it('[CL8] prints where to open it; Ctrl-C ends it though clients cling to it; the next start finds everything', async () => {
    const first = start('kept');
    const address = await first.address;
    expect(await (await fetch(address)).text()).toContain('stand-in page');
    const keys = await keysOf('kept');
    expect(await call(address, keys, 'webrtc-enter-room', { roomID: 5, userID: 'ann', roomName: 'tea' })).toMatchObject(
      { code: 0 },
    );
    const letGo = await clinging(address, keys);
    // As a terminal does: to every process of the group at once.
    endGroup(first.child.pid, 'SIGINT');
    const { code, err } = await first.ended;
    letGo();
    expect([code, err]).toEqual([0, '']);

    const second = start('kept');
    const again = await second.address;
    expect(await keysOf('kept')).toEqual(keys);
    const room = await call(again, keys, 'webrtc-get-room-info', { roomID: 5 });
    expect(room).toMatchObject({ code: 0, data: { roomName: 'tea', ownerID: 'ann' } });
    // As a service manager does: to the starter alone.
    second.child.kill('SIGTERM');
    expect((await second.ended).code).toBe(0);
    await expect(fetch(again)).rejects.toThrow();
  });

  it('[CL8] a starter that is killed leaves no server behind', async () => {
    const { child, address, ended } = start('orphan');
    const open = await address;
    child.kill('SIGKILL');
    await ended;
    await expect(fetch(open)).rejects.toThrow();
  });

  it('[CL8] what keeps it from starting is one sentence and an exit code, no stack trace', async () => {
    const blocker = createServer();
    blocker.listen(0, '127.0.0.1');
    await once(blocker, 'listening');
    writeFileSync(join(folder, 'a-file'), '');
    try {
      const refusals = [
        [start('busy', ['--port', String(blocker.address().port)]), 71, /TCP port \d+ is in use/],
        [start('a-file/below'), 73, /data folder .* cannot be made or written/],
        [start('wrong', ['--port', 'x']), 78, /must be a number/],
      ];
      for (const [{ ended }, expected, sentence] of refusals) {
        const { code, err } = await ended;
        expect(code, err).toBe(expected);
        expect(err).toMatch(sentence);
        expect(err.trimEnd().split('\n'), err).toHaveLength(1);
      }
    } finally {
      blocker.close();
    }
  });
});
