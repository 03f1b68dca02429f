import { ClientError, type SessionInfo } from '@lianmai/client-core';
import { describe, expect, it } from 'vitest';
import { type AddressBar, CodeLogin, readLoginCode } from './code-login.ts';

const CODE = 'Ab0_-cdefghijklmnopqrstuvwxyz012';
const PERSON: SessionInfo = { token: 't', userID: 'w1', userName: '小李', expiresAt: 9, lent: 'wechat' };

/** A tab with an address, and a server that answers as told. */
function tab(hash: string, search = '', now = 8) {
  const order: string[] = [];
  const location = { pathname: '/r/4321', search, hash };
  let changed = () => {};
  const session = {
    current: null as SessionInfo | null,
    outcome: (): Promise<SessionInfo> => Promise.resolve(PERSON),
    async redeem(code: string) {
      order.push(`redeem ${code}`);
      const made = await session.outcome();
      session.current = made;
      return made;
    },
  };
  const bar: AddressBar = {
    location,
    history: {
      state: { kept: true },
      replaceState(state: unknown, _title: string, url?: string | URL | null) {
        order.push(`address ${String(url)} ${JSON.stringify(state)}`);
        location.hash = '';
      },
    },
    addEventListener: (_type, listener) => {
      changed = listener;
    },
  };
  const login = new CodeLogin(session, bar, () => now);
  const seen: string[] = [];
  login.subscribe(() => seen.push(login.getState().step));
  const settled = async () => {
    for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
  };
  const turn = async (next: string) => {
    location.hash = next;
    changed();
    await settled();
  };
  return { login, session, order, seen, settled, turn };
}

const refuse = (reason: ClientError['reason']) => () => Promise.reject(new ClientError(reason, reason));

describe('[WEB13] a code in the address', () => {
  it('is read from the fragment, whatever a client has added to it', () => {
    for (const hash of [
      `#code=${CODE}`,
      `#code=${CODE}&wechat_redirect`,
      `#code=${CODE}?&from=1`,
      `#a=b&code=${CODE}`,
    ]) {
      expect(readLoginCode(hash), hash).toBe(CODE);
    }
    for (const hash of ['', '#', '#chat', '#encode=1', '#x?code=1']) expect(readLoginCode(hash), hash).toBeNull();
    for (const hash of ['#code=', '#code=%3Cscript%3E', `#code=${'x'.repeat(129)}`]) {
      expect(readLoginCode(hash), hash).toBe('');
    }
  });

  it('is gone from the address before anybody is asked; the rest of it stays', async () => {
    const { login, order, seen, settled } = tab(`#code=${CODE}`, '?debug=1');
    login.start();
    expect(order).toEqual(['address /r/4321?debug=1 {"kept":true}', `redeem ${CODE}`]);
    expect(login.getState().step).toBe('redeeming');
    await settled();
    expect(seen).toEqual(['redeeming', 'settled']);
  });

  it('that is none leaves everything as it is', async () => {
    const { login, order, settled } = tab('#chat');
    login.start();
    await settled();
    expect([order, login.getState().step]).toEqual([[], 'settled']);
  });

  it('is told as spent when the server refuses it, and is gone from the address all the same', async () => {
    const { login, session, order, settled } = tab(`#code=${CODE}`);
    session.outcome = refuse('sign-in');
    login.start();
    await settled();
    expect(login.getState().step).toBe('spent');
    const strange = tab('#code=%20');
    strange.login.start();
    expect([strange.order, strange.login.getState().step]).toEqual([['address /r/4321 {"kept":true}'], 'spent']);
    expect(order).toHaveLength(2);
  });

  it('does not trouble who is signed in by an earlier one, when WeChat brings the page back with its first address', async () => {
    const { login, session, settled } = tab(`#code=${CODE}`);
    session.current = PERSON;
    session.outcome = refuse('sign-in');
    login.start();
    await settled();
    expect(login.getState().step).toBe('settled');
  });

  it('is told as spent to who was signed in by an earlier one for as long as that lasted', async () => {
    const { login, session, settled } = tab(`#code=${CODE}`, '', PERSON.expiresAt);
    session.current = PERSON;
    session.outcome = refuse('sign-in');
    login.start();
    await settled();
    expect(login.getState().step).toBe('spent');
  });

  it('that fails in a way nobody thought of may be shown again, too', async () => {
    const { login, session, settled } = tab(`#code=${CODE}`);
    session.outcome = () => Promise.reject(new TypeError('nobody thought of it'));
    login.start();
    await settled();
    expect(login.getState().step).toBe('failed');
  });

  it('waits for the end of a call: nobody becomes another user in the middle of one', async () => {
    const { login, order, seen, settled, turn } = tab('');
    login.start();
    const release = login.hold();
    await turn(`#code=${CODE}`);
    expect([order, seen]).toEqual([['address /r/4321 {"kept":true}'], []]);
    release();
    await settled();
    expect([order.at(-1), seen]).toEqual([`redeem ${CODE}`, ['redeeming', 'settled']]);
    release();
    login.hold()();
    await settled();
    expect(order).toHaveLength(2);
  });

  it('may be shown again when no answer came', async () => {
    const { login, session, settled } = tab(`#code=${CODE}`);
    session.outcome = refuse('network');
    login.start();
    await settled();
    expect(login.getState().step).toBe('failed');
    session.outcome = () => Promise.resolve(PERSON);
    login.retry();
    await settled();
    expect([login.getState().step, session.current]).toEqual(['settled', PERSON]);
  });

  it('counts also when it comes later, by a change of the fragment alone', async () => {
    const { login, order, turn } = tab('');
    login.start();
    await turn('#chat');
    expect(order).toEqual([]);
    await turn(`#code=${CODE}`);
    expect(order.at(-1)).toBe(`redeem ${CODE}`);
    expect(login.getState().step).toBe('settled');
  });
});
