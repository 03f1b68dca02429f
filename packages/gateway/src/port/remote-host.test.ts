import { MessageChannel } from 'node:worker_threads';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { FromWorker } from './messages.ts';
import { RemoteHost } from './remote-host.ts';

let posted: FromWorker[];
let host: RemoteHost;
beforeEach(() => {
  vi.useFakeTimers();
  posted = [];
  host = new RemoteHost((message) => posted.push(message), 5_000);
});
afterEach(() => vi.useRealTimers());

const ids = () => posted.map((message) => ('id' in message ? message.id : 0));

describe('[GP12] a question that is not answered', () => {
  it('[GP12] is given up after a while, whatever was asked, and nothing of it stays', async () => {
    const asked = [
      host.admit({ door: 'push', roomId: '1', userId: 'u', privileges: 0 }),
      host.mediaToken({ roomId: '1', user: null }),
      host.act({ roomId: '1', userId: 'u', action: { kind: 'leave' } }),
      host.enginePort(),
    ].map((question) => expect(question).rejects.toThrow('the server did not answer in time'));
    await vi.advanceTimersByTimeAsync(4_999);
    expect(host.pending).toBe(4);
    await vi.advanceTimersByTimeAsync(1);
    await Promise.all(asked);
    expect([host.pending, vi.getTimerCount()]).toEqual([0, 0]);
  });

  it('[GP12] an answer that comes too late is nobody’s, and a port that comes too late is closed', async () => {
    const given = [host.mediaToken({ roomId: '1', user: null }), host.enginePort()];
    const gone = given.map((question) => expect(question).rejects.toThrow('in time'));
    await vi.advanceTimersByTimeAsync(5_000);
    await Promise.all(gone);
    const [token = 0, port = 0] = ids();
    const next = host.mediaToken({ roomId: '2', user: null });
    const { port1, port2 } = new MessageChannel();
    const close = vi.spyOn(port1, 'close');
    host.receive({ type: 'host-answer', id: token, answer: { kind: 'token', token: 'late' } });
    host.receive({ type: 'engine-port', id: port, port: port1 });
    expect(close).toHaveBeenCalledOnce();
    port2.close();
    host.receive({ type: 'host-answer', id: ids()[2] ?? 0, answer: { kind: 'token', token: 'in time' } });
    expect(await next).toBe('in time');
    expect([host.pending, vi.getTimerCount()]).toEqual([0, 0]);
  });
});
