import { describe, expect, it } from 'vitest';
import type { ToWorker } from './messages.ts';
import { RemoteSessions } from './remote-session.ts';

describe('signal sessions that live in the worker', () => {
  it('[SG41] one that its client drops is held no more, and nothing reaches it', () => {
    const posted: ToWorker[] = [];
    const sessions = new RemoteSessions((message) => posted.push(message));
    const heard: string[] = [];
    for (let id = 1; id <= 5; id++) {
      const connection = sessions.open(id);
      connection.onFrame((frame) => heard.push(Buffer.from(frame).toString()));
      connection.onClose((_code, reason) => heard.push(reason));
      connection.closed();
      expect(sessions.size).toBe(0);
      sessions.deliver(id, Buffer.from('late'));
      sessions.end(id, 1000, 'end');
    }
    expect(posted).toEqual([1, 2, 3, 4, 5].map((session) => ({ type: 'closed', session })));
    expect(heard).toEqual([]);
  });

  it('[SG42] all that are open are ended with the worker, and those alone', () => {
    const sessions = new RemoteSessions(() => {});
    const ends: unknown[] = [];
    sessions.open(1).closed();
    sessions.open(2).onClose((code, reason) => ends.push([code, reason]));
    sessions.endAll(1012, 'restart');
    expect([ends, sessions.size]).toEqual([[[1012, 'restart']], 0]);
  });
});
