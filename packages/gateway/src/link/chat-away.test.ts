/** Words while the connection is away: both links, without a server. */
import { describe, expect, it } from 'vitest';
import { Session as LocalSession } from './in-process/session.ts';
import { DEFAULT_LINK_LIMITS } from './limits.ts';
import { Session } from './session.ts';
import { LinkAway, type LinkSession } from './types.ts';

const MESSAGE = { id: 'm', from: 'anna', text: 'hello', time: 1 };
const OPTIONS = { token: 'x', renewToken: () => Promise.resolve('x') };
const NOBODY = {
  onParticipants() {},
  onChat() {},
  onQuality() {},
  onReconnecting() {},
  onReconnected() {},
  onEnd() {},
};
const CONTEXT = { limits: DEFAULT_LINK_LIMITS, clock: () => performance.now(), warn: () => {}, onGone: () => {} };

const sessions: readonly (readonly [string, () => LinkSession])[] = [
  [
    'over WebRTC',
    () => new Session({ ...CONTEXT, url: 'ws://127.0.0.1:1', loopback: true, impairment: null }, OPTIONS, NOBODY),
  ],
  [
    'in process',
    () => new LocalSession({ ...CONTEXT, port: () => Promise.reject(new Error('away')) }, OPTIONS, NOBODY),
  ],
];

describe.each(sessions)('the link %s', (_name, make) => {
  it('[LK25] says that nothing carries a message now; too long is another matter, and after the end it is silent', async () => {
    const session = make();
    expect(() => session.sendChat(MESSAGE)).toThrow(LinkAway);
    expect(() => session.sendChat({ ...MESSAGE, text: 'x'.repeat(100_000) })).toThrow(/long|large|limit/);
    await session.leave();
    expect(() => session.sendChat(MESSAGE)).not.toThrow();
  });
});
