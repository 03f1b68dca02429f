import { deflateRawSync } from 'node:zlib';
import {
  ChatMessage,
  DataPacket,
  DataStream_Chunk,
  DataStream_CompressionType,
  DataStream_Header,
  DataStream_Trailer,
  Encryption_Type,
  UserPacket,
} from '@livekit/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ChatStreams } from './chat.ts';
import { DEFAULT_LINK_LIMITS } from './limits.ts';

function streams(limits = {}, clock = () => 0) {
  return new ChatStreams({ ...DEFAULT_LINK_LIMITS, ...limits }, clock);
}

/** As the server stamps it on the way. */
function from(identity: string, value: DataPacket['value']): Uint8Array {
  return new DataPacket({ participantIdentity: identity, value }).toBinary();
}

function header(streamId: string, more: Partial<DataStream_Header> = {}): DataPacket['value'] {
  return {
    case: 'streamHeader',
    value: new DataStream_Header({
      streamId,
      timestamp: 1_700_000_000_000n,
      topic: 'lk.chat',
      mimeType: 'text/plain',
      contentHeader: { case: 'textHeader', value: {} },
      ...more,
    }),
  };
}

const chunk = (streamId: string, index: number, text: string): DataPacket['value'] => ({
  case: 'streamChunk',
  value: new DataStream_Chunk({ streamId, chunkIndex: BigInt(index), content: Buffer.from(text) }),
});
const trailer = (streamId: string, reason = ''): DataPacket['value'] => ({
  case: 'streamTrailer',
  value: new DataStream_Trailer({ streamId, reason }),
});
const legacy = (text: object, topic = 'lk-chat-topic'): DataPacket['value'] => ({
  case: 'user',
  value: new UserPacket({ topic, payload: Buffer.from(JSON.stringify(text)) }),
});

function stamped(packets: readonly Uint8Array[], identity: string): Uint8Array[] {
  return packets.map((bytes) => {
    const packet = DataPacket.fromBinary(bytes);
    packet.participantIdentity = identity;
    return packet.toBinary();
  });
}

describe('the conversation', () => {
  it('[LK40] any text comes out as it went in, whatever its characters', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 4_000 }), (text) => {
        const message = { id: 'one', from: 'anna', text, time: 1_700_000_000_000 };
        const chat = streams({ maxChatBytes: 100_000 });
        const heard = stamped(chat.encode(message), 'anna').map((bytes) => chat.receive(bytes));
        expect(heard.at(-1)).toEqual(message);
        expect(heard.slice(0, -1).every((one) => one === null)).toBe(true);
      }),
      { seed: 4, numRuns: 50 },
    );
  });

  it('[LK40] a long text is cut between characters', () => {
    const chat = streams({ maxChatBytes: 100_000 });
    const packets = chat.encode({ id: 'one', from: 'anna', text: '麦'.repeat(12_000), time: 1 });
    const chunks = packets
      .map((bytes) => DataPacket.fromBinary(bytes).value)
      .flatMap((value) => (value.case === 'streamChunk' ? [value.value.content] : []));
    expect(chunks.length).toBeGreaterThan(2);
    for (const content of chunks) {
      expect(content.length).toBeLessThanOrEqual(15_000);
      expect(Buffer.from(content).toString('utf8')).toMatch(/^麦+$/);
    }
  });

  it('[LK41] hears a stream that came whole in its header, compressed or not', () => {
    const chat = streams();
    const plain = header('one', { inlineContent: Buffer.from('hello') });
    expect(chat.receive(from('anna', plain))?.text).toBe('hello');
    const packed = header('two', {
      inlineContent: deflateRawSync(Buffer.from('hello '.repeat(100))),
      compression: DataStream_CompressionType.DEFLATE_RAW,
    });
    expect(chat.receive(from('anna', packed))?.text).toBe('hello '.repeat(100));
  });

  it('[LK41] hears older clients, and nobody twice', () => {
    const chat = streams();
    expect(chat.receive(from('anna', legacy({ id: 'a', timestamp: 5, message: 'hi' })))).toEqual({
      id: 'a',
      from: 'anna',
      text: 'hi',
      time: 5,
    });
    expect(chat.receive(from('anna', legacy({ id: 'b', timestamp: 5, message: 'x', ignoreLegacy: true })))).toBeNull();
    expect(chat.receive(from('anna', legacy({ id: 'c', timestamp: 5, message: 'x' }, 'another')))).toBeNull();
    const packet: DataPacket['value'] = {
      case: 'chatMessage',
      value: new ChatMessage({ id: 'a', timestamp: 5n, message: 'hi' }),
    };
    expect(chat.receive(from('anna', packet))).toBeNull();
    expect(chat.receive(from('bert', packet))?.from).toBe('bert');
    const stream = [header('a'), chunk('a', 0, 'hi'), trailer('a')].map((value) => chat.receive(from('anna', value)));
    expect(stream).toEqual([null, null, null]);
  });

  it('[LK42] bombs, gaps, strangers and streams that were broken off are not heard', () => {
    const bomb = header('bomb', {
      inlineContent: deflateRawSync(Buffer.alloc(1_000_000, 65)),
      compression: DataStream_CompressionType.DEFLATE_RAW,
    });
    const cases: DataPacket['value'][][] = [
      [bomb],
      [header('x', { topic: 'elsewhere' }), chunk('x', 0, 'a'), trailer('x')],
      [header('x', { contentHeader: { case: undefined } }), chunk('x', 0, 'a'), trailer('x')],
      [header('x', { encryptionType: Encryption_Type.GCM }), chunk('x', 0, 'a'), trailer('x')],
      [header('x', { totalLength: 10n ** 12n }), chunk('x', 0, 'a'), trailer('x')],
      [header('x'), chunk('x', 1, 'a'), trailer('x')],
      [header('x'), chunk('x', 0, 'a'.repeat(20_000)), trailer('x')],
      [header('x'), chunk('x', 0, 'a'), trailer('x', 'gave up')],
      [chunk('x', 0, 'a'), trailer('x')],
      [header('y'.repeat(500)), trailer('y'.repeat(500))],
      [legacy({ message: 7 })],
    ];
    for (const [i, values] of cases.entries()) {
      const chat = streams();
      for (const value of values) expect(chat.receive(from('anna', value)), `case ${i}`).toBeNull();
    }
    const nobody = streams();
    expect(nobody.receive(from('', header('x', { inlineContent: Buffer.from('a') })))).toBeNull();
  });

  it('[LK42] a chunk said again counts once', () => {
    const chat = streams();
    const values = [header('x'), chunk('x', 0, 'a'), chunk('x', 0, 'a'), chunk('x', 1, 'b'), trailer('x')];
    expect(values.map((value) => chat.receive(from('anna', value))).at(-1)?.text).toBe('ab');
  });

  it('[LK42] half-received streams are bounded in number and in time', () => {
    let now = 0;
    const chat = streams({ maxOpenStreams: 2, streamIdleMs: 1_000 }, () => now);
    for (const id of ['a', 'b', 'c']) chat.receive(from('anna', header(id)));
    expect(chat.receive(from('anna', trailer('a')))).toBeNull();
    expect(chat.receive(from('anna', trailer('b')))).not.toBeNull();
    now = 2_000;
    chat.receive(from('anna', header('d')));
    expect(chat.receive(from('anna', trailer('c')))).toBeNull();
    expect(chat.receive(from('anna', trailer('d')))).not.toBeNull();
  });

  it('[LK42] random bytes never throw', () => {
    const chat = streams();
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        expect(() => chat.receive(bytes)).not.toThrow();
      }),
      { seed: 42, numRuns: 500 },
    );
  });
});
