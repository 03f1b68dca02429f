import { ParticipantInfo_Kind, TrackSource } from '@livekit/protocol';
import { AccessToken } from 'livekit-server-sdk';
import { describe, expect, it } from 'vitest';
import { KEY, makeToken, SECRET } from '../room/testing/world.ts';
import { isDenied, mayPublish } from './permission.ts';
import { TokenAuthority } from './token.ts';

const authority = new TokenAuthority({ [KEY]: SECRET });

async function claimsOf(token: string) {
  const result = await authority.verify(token);
  if (!result.ok) throw new Error(result.reason);
  return result.claims;
}

describe('[SG2] access tokens', () => {
  it('[SG2] fills in LiveKit’s defaults: publish and subscribe unless said otherwise, data follows publishing', async () => {
    const { grants } = await claimsOf(await makeToken({ grant: { canPublish: false } }));
    expect(grants?.permission).toMatchObject({ canPublish: false, canPublishData: false, canSubscribe: true });
    const open = await claimsOf(await makeToken());
    expect(open.grants?.permission).toMatchObject({ canPublish: true, canPublishData: true, canUpdateMetadata: false });
  });

  it('[SG2] refuses a foreign key, a forged signature, an expired and a not yet valid token, with a reason', async () => {
    const foreign = await new AccessToken('other', SECRET, { identity: 'a' }).toJwt();
    const forged = await new AccessToken(KEY, 'another-secret-that-is-32-characters-long', { identity: 'a' }).toJwt();
    const expired = await makeToken({ ttl: -3_600 });
    for (const token of [foreign, forged, expired, '', 'x', 'a.b.c', `${'a'.repeat(300_000)}.b.c`]) {
      const result = await authority.verify(token);
      expect(result.ok).toBe(false);
      if (!result.ok) expect(result.reason).not.toContain(SECRET);
    }
  });

  it('[SG2] a token we issue again says the same', async () => {
    const claims = await claimsOf(
      await makeToken({
        identity: 'bob',
        name: 'Bob',
        metadata: 'm',
        attributes: { a: '1' },
        grant: { canPublishSources: [TrackSource.MICROPHONE], hidden: true, canUpdateOwnMetadata: true },
      }),
    );
    if (!claims.grants) throw new Error('no grants');
    const again = await claimsOf(
      await authority.issue({ ...claims, ...claims.grants, kind: ParticipantInfo_Kind.AGENT }, 600),
    );
    expect(again.grants).toEqual(claims.grants);
    expect(again).toMatchObject({ identity: 'bob', name: 'Bob', metadata: 'm', attributes: { a: '1' } });
    expect(again.kind).toBe(ParticipantInfo_Kind.AGENT);
  });

  it('[SG2] an unknown source name narrows and opens nothing', async () => {
    const token = new AccessToken(KEY, SECRET, { identity: 'a' });
    token.addGrant({ roomJoin: true, room: 'r', canPublishSources: [TrackSource.CAMERA] });
    const claims = await claimsOf(await token.toJwt());
    const { grants } = claims;
    if (!grants) throw new Error('no grants');
    expect(mayPublish(grants.permission, TrackSource.CAMERA)).toBe(true);
    expect(mayPublish(grants.permission, TrackSource.MICROPHONE)).toBe(false);
    expect(mayPublish({ ...grants.permission, canPublishSources: [TrackSource.UNKNOWN] }, TrackSource.CAMERA)).toBe(
      false,
    );
    const unknown = { ...grants.permission, canPublishSources: [TrackSource.UNKNOWN] };
    expect(mayPublish(unknown, TrackSource.UNKNOWN)).toBe(false);
    expect(mayPublish({ ...unknown, canPublishSources: [] }, TrackSource.UNKNOWN)).toBe(true);
    const again = await authority.issue(
      { ...claims, ...grants, permission: unknown, kind: ParticipantInfo_Kind.STANDARD },
      600,
    );
    const reissued = (await claimsOf(again)).grants?.permission;
    expect(reissued && mayPublish(reissued, TrackSource.CAMERA)).toBe(false);
  });
});

describe('[SG21] the deny attribute', () => {
  it.each([
    ['audio', TrackSource.MICROPHONE, 0, true],
    ['audio', TrackSource.CAMERA, 1, false],
    ['audio', TrackSource.SCREEN_SHARE_AUDIO, 0, false],
    ['video', TrackSource.CAMERA, 1, true],
    ['video', TrackSource.UNKNOWN, 1, true],
    ['screen', TrackSource.SCREEN_SHARE, 1, true],
    ['screen', TrackSource.SCREEN_SHARE_AUDIO, 0, true],
    ['audio, video', TrackSource.CAMERA, 1, true],
    ['', TrackSource.CAMERA, 1, false],
    [undefined, TrackSource.CAMERA, 1, false],
  ] as const)('[SG21] %s keeps source %s of type %s away: %s', (deny, source, type, denied) => {
    expect(isDenied(deny, source, type)).toBe(denied);
  });
});
