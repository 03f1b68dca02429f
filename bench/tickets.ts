/**
 * Tickets signed and verified per second, against bare node:crypto and zlib doing the one signature and the one
 * compression inside, in the same run.
 */
import { createHmac, generateKeyPairSync, sign, verify } from 'node:crypto';
import { deflateSync, inflateSync } from 'node:zlib';
import { signPrivateMapKey, signUserSig, verifyPrivateMapKey, verifyUserSig } from '@lianmai/tickets';
import { print, rates, row } from './lib/report.ts';

const content = Buffer.alloc(150, 'x');
const secret = '5bd2850fff3ecb11d7c805251c51ee463a25727bddc2385f3fa8bfee1bb93b5e';
const who = { sdkAppId: 1_400_000_001, userId: 'xiaoming', expireSeconds: 300, now: 1_700_000_000 };
const room = { roomId: 12_345 };
const rows = [];
/** What a ticket's JSON looks like; changed at every use, as real ones are. */
let turn = 0;
const json = () => JSON.stringify({ ...who, turn: turn++, filler: content.toString('hex') });
const deflated = deflateSync(json());

for (const curve of ['prime256v1', 'secp256k1']) {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: curve });
  const signer = { version: 'v1', key: privateKey } as const;
  const expected = { key: publicKey, sdkAppId: who.sdkAppId, userId: who.userId, now: who.now, room };
  const userSig = signUserSig(signer, who);
  const mapKey = signPrivateMapKey(signer, { ...who, room, privileges: 255 });
  const signature = sign('sha256', content, privateKey);
  const result = rates({
    signUserSig: () => signUserSig(signer, who),
    signPrivateMapKey: () => signPrivateMapKey(signer, { ...who, room, privileges: 255 }),
    bareSign: () => [sign('sha256', content, privateKey), deflateSync(json(), { level: 1 })],
    verifyUserSig: () => verifyUserSig(userSig, expected),
    verifyPrivateMapKey: () => verifyPrivateMapKey(mapKey, expected),
    bareVerify: () => [verify('sha256', content, publicKey, signature), inflateSync(deflated)],
  });
  const signFloor = { name: `crypto.sign ${curve} + deflate`, value: result['bareSign']! };
  const verifyFloor = { name: `crypto.verify ${curve} + inflate`, value: result['bareVerify']! };
  rows.push(row(`sign userSig, v1 ${curve}`, 'per second', result['signUserSig']!, signFloor));
  rows.push(row(`sign privateMapKey, v1 ${curve}`, 'per second', result['signPrivateMapKey']!, signFloor));
  rows.push(row(`verify userSig, v1 ${curve}`, 'per second', result['verifyUserSig']!, verifyFloor));
  rows.push(row(`verify privateMapKey, v1 ${curve}`, 'per second', result['verifyPrivateMapKey']!, verifyFloor));
}

const v2 = { version: 'v2', secret } as const;
const v2Sig = signUserSig(v2, who);
const result = rates({
  sign: () => signUserSig(v2, who),
  verify: () => verifyUserSig(v2Sig, { secret, sdkAppId: who.sdkAppId, userId: who.userId, now: who.now }),
  hmac: () => createHmac('sha256', secret).update(content).digest(),
});
const floor = { name: 'createHmac sha256', value: result['hmac']! };
rows.push(row('sign userSig, v2', 'per second', result['sign']!, floor));
rows.push(row('verify userSig, v2', 'per second', result['verify']!, floor));

print('tickets', rows);
