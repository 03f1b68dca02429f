import { execFileSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { verifyPrivateMapKey, verifyUserSig } from './index.ts';

const root = join(import.meta.dirname, '../../..');
const scratch = mkdtempSync(join(tmpdir(), 'lianmai-tickets-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

function has(program: string): boolean {
  try {
    execFileSync(program, ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

describe('published package', () => {
  it('[TK12] builds to plain JavaScript without dependencies, which signs and verifies', () => {
    const dist = join(scratch, 'dist');
    execFileSync(process.execPath, [join(root, 'packages/tickets/scripts/build.mjs'), dist], { stdio: 'pipe' });
    const manifest = JSON.parse(readFileSync(join(dist, 'package.json'), 'utf8'));
    expect(manifest.dependencies).toEqual({});
    writeFileSync(
      join(scratch, 'use.mjs'),
      `import { signUserSig, verifyUserSig } from './dist/index.js';
       const ticket = signUserSig({ version: 'v2', secret: 's' }, { sdkAppId: 1, userId: 'u', expireSeconds: 60 });
       console.log(verifyUserSig(ticket, { secret: 's', sdkAppId: 1, userId: 'u' }).ok);`,
    );
    expect(
      execFileSync(process.execPath, [join(scratch, 'use.mjs')])
        .toString()
        .trim(),
    ).toBe('true');
  });
});

/** The recipe in docs/tickets.md, run as printed. */
describe.each([
  ['java', 'docs/samples/LianmaiTicket.java'],
  ['php', 'docs/samples/lianmai-ticket.php'],
])('sample in %s', (program, file) => {
  it.runIf(has(program))('[TK13] makes tickets that verify', { timeout: 60_000 }, () => {
    const pem = generateKeyPairSync('ec', { namedCurve: 'prime256v1' }).privateKey.export({
      type: 'pkcs8',
      format: 'pem',
    });
    const pemFile = join(scratch, `${program}.pem`);
    writeFileSync(pemFile, pem, { mode: 0o600 });
    const args = [join(root, file), pemFile, '1400000001', 'xiaoming', '4294967294', '42', '300'];
    const [userSig, privateMapKey] = execFileSync(program, args).toString().trim().split('\n');
    const expected = { key: pem.toString(), sdkAppId: 1_400_000_001, userId: 'xiaoming' };
    expect(verifyUserSig(userSig, expected)).toMatchObject({ ok: true });
    const room = { roomId: 4_294_967_294 };
    expect(verifyPrivateMapKey(privateMapKey, { ...expected, room })).toMatchObject({ ok: true, privileges: 42, room });
  });
});
