import { execFileSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FUNCTIONS } from '@lianmai/protocol';
import { verifyPrivateMapKey, verifyUserSig } from '@lianmai/tickets';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type BuiltFunction, buildFunctions, functionNames } from '../scripts/build.ts';
import { OLD_NODES, oldNode } from './old-nodes.ts';

const root = join(import.meta.dirname, '../../..');
const folder = mkdtempSync(join(tmpdir(), 'lianmai-functions-'));
const APP = 1_400_000_001;
const { privateKey, publicKey } = generateKeyPairSync('ec', {
  namedCurve: 'P-256',
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  publicKeyEncoding: { type: 'spki', format: 'pem' },
});
const nodes = [...OLD_NODES.map((version) => [version, oldNode(version)] as const), ['24', process.execPath] as const];
let built: BuiltFunction[] = [];

beforeAll(async () => {
  built = await buildFunctions(join(folder, 'dist'));
  await build({
    entryPoints: [join(import.meta.dirname, 'child.ts')],
    outfile: join(folder, 'child.cjs'),
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node16.13',
    external: ['wx-server-sdk', '@cloudbase/database'],
  });
}, 60_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('the folders', () => {
  it('[CB40] there is one for every function and alias of the table, and the sweep', () => {
    const table = Object.entries(FUNCTIONS).flatMap(([name, spec]) => [name, ...spec.aliases]);
    expect(functionNames().toSorted()).toEqual([...table, 'webrtc-sweep'].toSorted());
    expect(built.map((one) => one.name).toSorted()).toEqual(functionNames().toSorted());
  });

  it('[CB41] each holds a bundle, a pinned dependency and a configuration, and no key', () => {
    for (const { folder: place, name, bytes } of built) {
      expect(readdirSync(place).toSorted()).toEqual(['config.json', 'index.js', 'package.json']);
      const manifest: unknown = JSON.parse(readFileSync(join(place, 'package.json'), 'utf8'));
      expect(manifest).toMatchObject({ name, main: 'index.js', dependencies: { 'wx-server-sdk': '4.0.2' } });
      expect(bytes).toBeLessThan(400_000);
      const source = readFileSync(join(place, 'index.js'), 'utf8');
      expect(source).not.toMatch(/-----BEGIN [A-Z ]*PRIVATE KEY-----\s*\S{20}/);
      expect(new Set(source.match(/require\("(?!node:)[^"]+"\)/g))).toEqual(new Set(['require("wx-server-sdk")']));
    }
    const config: unknown = JSON.parse(readFileSync(join(folder, 'dist/webrtc-sweep/config.json'), 'utf8'));
    expect(config).toMatchObject({ triggers: [{ name: 'webrtc-sweep', type: 'timer', config: '0 */1 * * * * *' }] });
  });
});

describe.each(nodes)('on Node.js %s', (version, binary) => {
  it.skipIf(binary === null)('[CB42] every function loads and answers, through the unmodified SDK', () => {
    const env = {
      PATH: process.env['PATH'] ?? '',
      NODE_PATH: join(root, 'node_modules'),
      LIANMAI_TRTC_SDK_APP_ID: String(APP),
      LIANMAI_TRTC_PRIVATE_KEY: privateKey.replaceAll('\n', '\\n'),
    };
    const output = execFileSync(binary ?? '', [join(folder, 'child.cjs'), join(folder, 'dist')], {
      env,
      encoding: 'utf8',
      timeout: 60_000,
    });
    const { node, answers, left } = JSON.parse(output) as {
      node: string;
      answers: Record<string, { code: number; data: Record<string, string> }>;
      left: number;
    };
    expect(node).toMatch(new RegExp(`^v${version}`));
    const refused = { mute: 10022, kicked: 10009, login: 10015, stranger: 10006 };
    const codes = Object.entries(answers).map(([label, one]) => [label, one.code]);
    expect(Object.fromEntries(codes)).toEqual({
      ...Object.fromEntries(codes.map(([label]) => [label, 0])),
      ...refused,
    });
    expect(answers['info']?.data).toMatchObject({ roomID: '42', roomName: '茶', memberCount: 2 });
    const { userID = '', userSig = '', privateMapKey = '' } = answers['sign']?.data ?? {};
    const expected = { key: publicKey, sdkAppId: APP, userId: userID };
    expect(verifyUserSig(userSig, expected)).toMatchObject({ ok: true });
    expect(verifyPrivateMapKey(privateMapKey, { ...expected, room: { roomId: 42 } })).toMatchObject({ ok: true });
    // The document that is left keeps out whom room 42 removed.
    expect(left).toBe(1);
  });
});
