import { DataPacket, DataPacket_Kind, UserPacket } from '@livekit/protocol';
import { describe, expect, it } from 'vitest';
import { DataInbox, DataOutbox, NonceMemory, ReplayBuffer } from './data.ts';
import { FakeConnection } from './testing/fakes.ts';

const LIMITS = { dataPacketBytes: 1_000, dataPacketsPerSecond: 10, dataBytesPerSecond: 100_000 };
const SENDER = { sid: 'PA_real', identity: 'alice', hidden: false };

function packet(sequence = 0, text = 'x'): Uint8Array {
  return new DataPacket({
    sequence,
    participantSid: 'PA_forged',
    participantIdentity: 'mallory',
    value: { case: 'user', value: new UserPacket({ payload: Buffer.from(text), participantSid: 'PA_forged' }) },
  }).toBinary();
}

describe('[SG24] data coming in', () => {
  it('[SG24] carries the sender we know, never the one it names', () => {
    const inbox = new DataInbox(LIMITS, 0);
    const accepted = inbox.accept('reliable', packet(1), SENDER, 0);
    expect(accepted).toMatchObject({ participantSid: 'PA_real', participantIdentity: 'alice', sequence: 1 });
    expect(accepted?.value.value).toMatchObject({ participantSid: 'PA_real', participantIdentity: 'alice' });
    expect(inbox.accept('lossy', packet(7), SENDER, 0)).toMatchObject({ kind: DataPacket_Kind.LOSSY, sequence: 0 });
    const hidden = inbox.accept('reliable', packet(2), { ...SENDER, hidden: true }, 0);
    expect(hidden).toMatchObject({ participantSid: '', participantIdentity: '' });
  });

  it('[SG24] drops what is no packet, what is too long, and what clients may not send', () => {
    const inbox = new DataInbox(LIMITS, 0);
    expect(inbox.accept('reliable', Buffer.from([255, 255, 255]), SENDER, 0)).toBeNull();
    expect(inbox.accept('reliable', packet(1, 'x'.repeat(4_000)), SENDER, 0)).toBeNull();
    const metrics = new DataPacket({ value: { case: 'metrics', value: {} } });
    expect(inbox.accept('reliable', metrics.toBinary(), SENDER, 0)).toBeNull();
    expect(inbox.accept('reliable', new DataPacket().toBinary(), SENDER, 0)).toBeNull();
  });

  it('[SG24] drops a reliable packet sent again after a resume', () => {
    const inbox = new DataInbox(LIMITS, 0);
    expect(inbox.accept('reliable', packet(5), SENDER, 0)).not.toBeNull();
    expect(inbox.accept('reliable', packet(5), SENDER, 0)).toBeNull();
    expect(inbox.accept('reliable', packet(4), SENDER, 0)).toBeNull();
    expect(inbox.accept('reliable', packet(6), SENDER, 0)).not.toBeNull();
    expect(inbox.lastSequence).toBe(6);
  });

  it('[SG24] is limited in rate', () => {
    const inbox = new DataInbox(LIMITS, 0);
    const count = (now: number) =>
      Array.from({ length: 50 }, () => inbox.accept('lossy', packet(), SENDER, now)).filter((p) => p !== null).length;
    expect(count(0)).toBe(20);
    expect(count(1_000)).toBe(10);
  });
});

describe('[SG25] data going out', () => {
  const connection = () =>
    new FakeConnection('single', {
      onState() {},
      onUplinkStarted() {},
      onUplinkStopped() {},
      onDataChannelOpen() {},
      onData() {},
      onNegotiationNeeded() {},
    });

  it('[SG25] reliable packets wait for the channel, within a limit; lossy ones do not', () => {
    const target = connection();
    const outbox = new DataOutbox(10, () => target);
    target.accepting = true;
    expect(outbox.send('reliable', Buffer.from('12345'))).toBe(true);
    expect(target.sent).toHaveLength(0);
    expect(outbox.send('reliable', Buffer.from('123456'))).toBe(false);
    outbox.opened('reliable');
    expect(target.sent.map(({ data }) => Buffer.from(data).toString())).toEqual(['12345']);
    expect(outbox.send('reliable', Buffer.from('6'))).toBe(true);
    target.accepting = false;
    expect(outbox.send('reliable', Buffer.from('7'))).toBe(false);
    expect(outbox.send('lossy', Buffer.from('7'))).toBe(true);
  });

  it('[SG26] the replay holds what came after the sequence named, for its time, for those it was meant for', () => {
    const replay = new ReplayBuffer(2_000, 1_000);
    const everybody = new Set<string>();
    for (let sequence = 1; sequence <= 3; sequence++) {
      replay.add('PA_a', sequence, Buffer.from(`a${sequence}`), everybody, sequence * 100);
    }
    replay.add('PA_a', 4, Buffer.from('a4'), new Set(['carol']), 400);
    const read = (last: number, identity: string, now: number) =>
      [...replay.after(new Map([['PA_a', last]]), { sid: 'PA_b', identity }, now)].map((b) =>
        Buffer.from(b).toString(),
      );
    expect(read(1, 'bob', 500)).toEqual(['a2', 'a3']);
    expect(read(3, 'carol', 500)).toEqual(['a4']);
    expect(read(0, 'bob', 2_250)).toEqual(['a3']);
    expect([...replay.after(new Map(), { sid: 'PA_b', identity: 'bob' }, 500)]).toEqual([]);
  });

  it('[SG26] the replay is bounded in bytes', () => {
    const replay = new ReplayBuffer(60_000, 100);
    for (let sequence = 1; sequence <= 50; sequence++) replay.add('PA_a', sequence, Buffer.alloc(10), new Set(), 0);
    expect([...replay.after(new Map([['PA_a', 0]]), { sid: 'x', identity: 'x' }, 0)]).toHaveLength(10);
  });

  it('[SG27] a nonce counts once, and the memory of nonces is bounded', () => {
    const memory = new NonceMemory(2);
    const nonce = (n: number) => Buffer.alloc(16, n);
    expect(memory.isRepeated(nonce(1))).toBe(false);
    expect(memory.isRepeated(nonce(1))).toBe(true);
    memory.isRepeated(nonce(2));
    memory.isRepeated(nonce(3));
    expect(memory.isRepeated(nonce(1))).toBe(false);
    expect(memory.isRepeated(new Uint8Array())).toBe(false);
    expect(memory.isRepeated(new Uint8Array())).toBe(false);
  });
});
