import { describe, expect, it } from 'vitest';
import type { ToWorker } from './messages.ts';
import { RemoteSignals } from './remote-signal.ts';

describe('signalling connections whose phones live in the worker', () => {
  it('[GP4] one that its client drops is held no more, and nothing reaches it', () => {
    const posted: ToWorker[] = [];
    const signals = new RemoteSignals((message) => posted.push(message));
    const frames: string[] = [];
    for (let id = 1; id <= 5; id++) {
      const connection = signals.open(id);
      connection.onFrame((frame) => frames.push(frame));
      connection.onClose((_code, reason) => frames.push(reason));
      connection.closed();
      connection.closed();
      expect(signals.size).toBe(0);
      signals.deliver(id, 'late');
      signals.end(id, 4005, 'kicked');
    }
    expect(posted).toEqual([1, 2, 3, 4, 5].map((id) => ({ type: 'signal-closed', id })));
    expect(frames).toEqual([]);
  });

  it('[GP8] all that are open are ended with the worker, and those alone', () => {
    const signals = new RemoteSignals(() => {});
    const ends: unknown[] = [];
    signals.open(1).closed();
    signals.open(2).onClose((code, reason) => ends.push([code, reason]));
    signals.endAll(1012, 'server-restart');
    signals.endAll(1012, 'server-restart');
    expect([ends, signals.size]).toEqual([[[1012, 'server-restart']], 0]);
  });
});
