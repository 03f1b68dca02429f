import type { SessionInfo } from '@lianmai/client-core';
import { describe, expect, it } from 'vitest';
import { codeSessionIsOver, endsCodeSession, signedInByCode, toRemember } from './signed-in.ts';

const GUEST: SessionInfo = { token: 't', userID: 'g1', userName: 'Ann', expiresAt: 100 };
const LENT: SessionInfo = { ...GUEST, lent: 'guest' };
const PERSON: SessionInfo = { ...GUEST, userID: 'w1', userName: '小李', lent: 'wechat' };

describe('[WEB13] a session by code', () => {
  it('counts to its last moment and no longer', () => {
    for (const session of [LENT, PERSON]) {
      expect([signedInByCode(session, 99), signedInByCode(session, 100)]).toEqual([session, null]);
    }
    expect([signedInByCode(GUEST, 0), signedInByCode(null, 0)]).toEqual([null, null]);
  });

  it('is over for good when it is a WeChat user’s; a guest’s is renewed', () => {
    expect([PERSON, LENT, GUEST, null].map((session) => codeSessionIsOver(session, 100))).toEqual([
      true,
      false,
      false,
      false,
    ]);
    expect(codeSessionIsOver(PERSON, 99)).toBe(false);
    expect([PERSON, LENT, GUEST, null].map((session) => endsCodeSession({ reason: 'sign-in' }, session))).toEqual([
      true,
      false,
      false,
      false,
    ]);
    expect([endsCodeSession({ reason: 'network' }, PERSON), endsCodeSession(null, PERSON)]).toEqual([false, false]);
  });

  it('leaves its WeChat name with nobody; what a guest typed is remembered', () => {
    const entry = { name: '小李', cameraOn: true };
    expect(toRemember(entry, PERSON)).toEqual({ cameraOn: true });
    for (const session of [LENT, GUEST, null]) expect(toRemember(entry, session)).toEqual(entry);
    expect(toRemember({ name: 'Ben' }, PERSON)).toEqual({ name: 'Ben' });
  });
});
