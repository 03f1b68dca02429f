import { buildStreamName } from '@lianmai/protocol';
import { deriveStreamKey, signStreamTicket } from '@lianmai/tickets';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Admitted, DoorRequest, GatewayHost, Refused } from '../host.ts';
import { Gate } from './gate.ts';

const key = deriveStreamKey('0123456789012345678901234567890123456789');
const yes: Admitted = { kind: 'admitted', userName: 'Anna', ownerId: 'owner', privileges: 255 };
const no: Refused = { kind: 'refused', code: 'kicked' };
const NOW = 1_800_000_000;

let asked: { request: DoorRequest; answer: (answer: Admitted | Refused) => void; fail: (error: Error) => void }[];
let failures: unknown[];
let gate: Gate;
beforeEach(() => {
  asked = [];
  failures = [];
  const host: GatewayHost = {
    admit: (request) => new Promise((answer, fail) => void asked.push({ request, answer, fail })),
    mediaToken: async () => '',
    act: async () => 'ok',
  };
  gate = new Gate({
    sdkAppId: 1,
    key,
    host,
    wallClock: () => NOW * 1_000,
    patienceMs: 8_000,
    onFailure: (error) => failures.push(error),
  });
});

afterEach(() => vi.useRealTimers());

function ticket(
  direction: 'push' | 'play' | 'signal',
  userId: string,
  viewerId = userId,
  expiresAt = NOW + 60,
): string {
  return signStreamTicket(key, {
    direction,
    sdkAppId: 1,
    roomId: '77',
    userId,
    viewerId,
    privileges: 255,
    streamType: 'main',
    tracks: { video: true, audio: true },
    expiresAt,
  });
}

function stream(userId: string): string {
  return buildStreamName({ sdkAppId: 1, roomId: '77', userId });
}

async function settle(): Promise<void> {
  for (let i = 0; i < 10; i++) await Promise.resolve();
}

describe('the room is asked', () => {
  it('[PD23] who is kicked while the room is asked does not come in by its older answer, at any door', async () => {
    const doors = [
      gate.stream('push', 'live', stream('anna'), ticket('push', 'anna')),
      gate.stream('play', 'live', stream('ben'), ticket('play', 'ben', 'anna')),
      gate.signal(ticket('signal', 'anna')),
    ];
    await settle();
    gate.notice({ kind: 'kicked', roomId: '77', userId: 'anna' });
    for (const { answer } of asked.splice(0)) answer(yes);
    await settle();
    expect(asked.map(({ request }) => request.userId)).toEqual(['anna', 'anna', 'anna']);
    for (const { answer } of asked) answer(no);
    for (const answer of await Promise.all(doors)) expect(answer).toMatchObject({ kind: 'refused', code: 'kicked' });
  });

  it('[PD23] a room that ended meanwhile is asked again, what happened to others or elsewhere counts not', async () => {
    const first = gate.signal(ticket('signal', 'anna'));
    await settle();
    gate.notice({ kind: 'kicked', roomId: '77', userId: 'ben' });
    gate.notice({ kind: 'ended', roomId: '78', reason: 'dissolved' });
    asked[0]?.answer(yes);
    expect(await first).toMatchObject({ kind: 'admitted' });
    const second = gate.signal(ticket('signal', 'anna'));
    await settle();
    gate.notice({ kind: 'ended', roomId: '77', reason: 'dissolved' });
    asked[1]?.answer(yes);
    await settle();
    expect(asked).toHaveLength(3);
    asked[2]?.answer(no);
    await second;
  });
});

describe('the room does not answer', () => {
  it('[PD26] who pushes or plays is refused and told so; who signals is not refused, and comes back', async () => {
    const push = gate.stream('push', 'live', stream('anna'), ticket('push', 'anna'));
    const play = gate.stream('play', 'live', stream('ben'), ticket('play', 'ben', 'anna'));
    const signal = expect(gate.signal(ticket('signal', 'anna'))).rejects.toThrow('no answer');
    await settle();
    for (const { fail } of asked) fail(new Error('no answer'));
    const whom = { roomId: '77', userId: 'anna' };
    expect(await push).toEqual({ kind: 'refused', code: 'internal', whom });
    expect(await play).toEqual({ kind: 'refused', code: 'internal', whom });
    await signal;
    expect(failures).toHaveLength(2);
  });
});

describe('the room answers late and out of date', () => {
  it('[PD26] all questions for one guest share one time, however often they are asked anew', async () => {
    vi.useFakeTimers();
    const push = gate.stream('push', 'live', stream('anna'), ticket('push', 'anna'));
    await vi.advanceTimersByTimeAsync(7_900);
    gate.notice({ kind: 'owner', roomId: '77', ownerId: 'ben' });
    asked[0]?.answer(yes);
    await vi.advanceTimersByTimeAsync(100);
    expect(asked).toHaveLength(2);
    expect(await Promise.race([push, settle()])).toMatchObject({ kind: 'refused', code: 'internal' });
    asked[1]?.fail(new Error('too late to be of interest'));
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('who is told of a refusal', () => {
  it('[PD24] at the play door it is the viewer, whose ticket must be one of ours; the watched hears nothing', async () => {
    const expired = ticket('play', 'ben', 'anna', NOW - 1);
    expect(await gate.stream('play', 'live', stream('ben'), expired)).toEqual({
      kind: 'refused',
      code: 'ticketExpired',
      whom: { roomId: '77', userId: 'anna' },
    });
    expect(await gate.stream('play', 'live', stream('ben'), 'forged')).toMatchObject({ code: 'badTicket', whom: null });
    const refused = gate.stream('play', 'live', stream('ben'), ticket('play', 'ben', 'anna'));
    await settle();
    asked[0]?.answer(no);
    expect(await refused).toMatchObject({ code: 'kicked', whom: { userId: 'anna' } });
  });

  it('[PD24] at the push door it is whose name it is', async () => {
    const answer = await gate.stream('push', 'live', stream('anna'), 'forged');
    expect(answer).toMatchObject({ code: 'badTicket', whom: { roomId: '77', userId: 'anna' } });
  });
});
