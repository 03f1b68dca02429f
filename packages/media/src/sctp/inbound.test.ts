import { afterEach, describe, expect, it, vi } from 'vitest';
import { Inbound, type InboundMessage } from './inbound.ts';
import { DATA_FLAG } from './packet.ts';
import { seeded } from './testing.ts';

const { begin, end, unordered } = DATA_FLAG;

/** Value of a DATA chunk. */
function data(tsn: number, text: string, stream = 1, ssn = 0): Buffer {
  const value = Buffer.alloc(12 + text.length);
  value.writeUInt32BE(tsn >>> 0, 0);
  value.writeUInt16BE(stream, 4);
  value.writeUInt16BE(ssn & 0xffff, 6);
  value.writeUInt32BE(53, 8);
  value.write(text, 12);
  return value;
}

/** Value of a FORWARD TSN chunk that names streams. */
function forward(tsn: number, streams: readonly number[] = []): Buffer {
  const value = Buffer.alloc(4 + streams.length * 4);
  value.writeUInt32BE(tsn >>> 0, 0);
  for (const [i, stream] of streams.entries()) value.writeUInt16BE(stream, 4 + i * 4);
  return value;
}

function receiver(initialTsn: number, limit = 4_000_000) {
  const messages: InboundMessage[] = [];
  return { inbound: new Inbound(initialTsn, limit, (message) => messages.push(message)), messages };
}

/** Gap blocks of a SACK value, as distances from its cumulative number. */
function gaps(sack: Buffer): number[][] {
  return Array.from({ length: sack.readUInt16BE(8) }, (_, i) => [
    sack.readUInt16BE(12 + i * 4),
    sack.readUInt16BE(14 + i * 4),
  ]);
}

afterEach(() => {
  vi.restoreAllMocks();
});

describe('reassembly', () => {
  it.each([1, 7, 42, 20261121])('[TP70] seed %i: pieces in any order make the same messages', (seed) => {
    const random = seeded(seed);
    // Over the end of the number range.
    const initial = (2 ** 32 - 100) >>> 0;
    const { inbound, messages } = receiver(initial);
    const sent: string[] = [];
    const chunks: { flags: number; value: Buffer }[] = [];
    for (let ssn = 0; ssn < 60; ssn++) {
      const pieces = 1 + random(8);
      let text = '';
      for (let i = 0; i < pieces; i++) {
        const piece = `${ssn}.${i};`;
        text += piece;
        const flags = (i === 0 ? begin : 0) | (i === pieces - 1 ? end : 0);
        chunks.push({ flags, value: data(initial + chunks.length, piece, 1, ssn) });
      }
      sent.push(text);
    }
    const shuffled = chunks.map((chunk) => ({ chunk, at: random(1_000_000) })).sort((a, b) => a.at - b.at);
    for (const { chunk } of shuffled) {
      expect(inbound.receiveData(chunk.flags, chunk.value)).toBe(true);
      expect(inbound.receiveData(chunk.flags, chunk.value)).toBe(false);
    }
    expect(messages.map((message) => message.data.toString())).toEqual(sent);
    expect(inbound.hasGaps).toBe(false);
  });

  it('[TP70] a piece of another stream, or a beginning in the middle, joins nothing', () => {
    const { inbound, messages } = receiver(1);
    inbound.receiveData(begin | unordered, data(1, 'a', 1));
    inbound.receiveData(end | unordered, data(2, 'b', 2));
    inbound.receiveData(begin | unordered, data(3, 'c', 1));
    inbound.receiveData(begin | end | unordered, data(4, 'd', 1));
    expect(messages.map((message) => message.data.toString())).toEqual(['d']);
  });

  it('[TP70] what is left of a message that was given up is never delivered', () => {
    const { inbound, messages } = receiver(1);
    inbound.receiveData(begin | unordered, data(2, 'a'));
    inbound.receiveData(unordered, data(3, 'b'));
    inbound.forward(forward(2));
    inbound.receiveData(unordered, data(4, 'c'));
    inbound.receiveData(end | unordered, data(5, 'd'));
    expect(messages).toEqual([]);
    inbound.receiveData(begin | unordered, data(7, 'e'));
    inbound.forward(forward(6));
    inbound.receiveData(end | unordered, data(8, 'f'));
    expect(messages.map((message) => message.data.toString())).toEqual(['ef']);
    expect(inbound.window).toBe(4_000_000);
  });

  it('[TP70] a piece costs the same however long its message is', () => {
    const { inbound } = receiver(1);
    const get = vi.spyOn(Map.prototype, 'get');
    let received = 0;
    const add = (tsn: number) => {
      inbound.receiveData(unordered, data(tsn, 'x'));
      received++;
    };
    for (let tsn = 1; tsn <= 5_000; tsn++) add(tsn);
    // Each fills a hole behind a long run that has no beginning.
    for (let tsn = 5_002; tsn < 9_000; tsn += 2) add(tsn);
    for (let tsn = 5_001; tsn < 9_000; tsn += 2) add(tsn);
    expect(get.mock.calls.length).toBeLessThan(received * 8);
  });
});

describe('acknowledging', () => {
  it('[TP71] gap blocks tell the runs above the cumulative number, the lowest 200 of them', () => {
    const { inbound } = receiver(1);
    for (const tsn of [7, 3, 4, 9, 8]) inbound.receiveData(begin, data(tsn, ''));
    expect(inbound.sack().readUInt32BE(0)).toBe(0);
    expect(gaps(inbound.sack())).toEqual([
      [3, 4],
      [7, 9],
    ]);
    inbound.receiveData(begin, data(1, ''));
    expect(gaps(inbound.sack())).toEqual([
      [2, 3],
      [6, 8],
    ]);
    for (let tsn = 11; tsn < 2_000; tsn += 2) inbound.receiveData(begin, data(tsn, ''));
    const told = gaps(inbound.sack());
    expect(told).toHaveLength(200);
    expect(told.slice(1, 4)).toEqual([
      [6, 8],
      [10, 10],
      [12, 12],
    ]);
  });

  it('[TP71] giving up moves the cumulative number, far jumps too, and frees what was held', () => {
    const { inbound } = receiver(1);
    for (let tsn = 3; tsn < 100; tsn++) inbound.receiveData(begin, data(tsn, 'x'));
    inbound.forward(forward(50));
    expect(inbound.cumulativeTsn).toBe(99);
    expect(inbound.hasGaps).toBe(false);
    inbound.receiveData(begin, data(102, 'x'));
    inbound.forward(forward(1_000_000));
    expect(inbound.cumulativeTsn).toBe(1_000_000);
    expect(inbound.hasGaps).toBe(false);
    expect(inbound.window).toBe(4_000_000);
  });

  it('[TP71] the state of streams counts as memory', () => {
    const { inbound } = receiver(1, 1_000_000);
    for (let from = 0; from < 65_536; from += 256) {
      const streams = Array.from({ length: 256 }, (_, i) => from + i);
      inbound.forward(forward(0, streams));
    }
    expect(inbound.overflown).toBe(true);
    inbound.resetAllStreams();
    expect(inbound.window).toBe(1_000_000);
  });
});
