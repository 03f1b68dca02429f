import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RtpPacket } from 'werift';
import { levelByte, NO_LEVEL } from './audio-level.ts';
import { PacketHistory } from './history.ts';
import { type RtcpReader, readRtcp, writeNack, writePli, writeReceiverReport, writeSenderReport } from './rtcp.ts';
import { incomingHeader, OutgoingHeader, readHeader, readMid } from './rtp.ts';
import { type OfferSection, parseAnswer, writeOffer } from './sdp.ts';

function offer(sections: readonly OfferSection[]): string {
  return writeOffer({
    sessionId: '7',
    version: 1,
    usernameFragment: 'frag',
    password: 'a-password-of-the-link-1',
    fingerprint: { algorithm: 'sha-256', value: 'AB:CD' },
    candidates: ['candidate:1 1 udp 2130706431 127.0.0.1 5000 typ host'],
    sections,
  });
}

const SECTIONS: readonly OfferSection[] = [
  { kind: 'application', mid: '0' },
  { kind: 'video', mid: '1', role: 'send', stream: { cid: 'cam', cname: 'me', ssrc: 11, rtxSsrc: 12 } },
  { kind: 'audio', mid: '2', role: 'send', stream: null },
  { kind: 'video', mid: '3', role: 'receive' },
  { kind: 'audio', mid: '4', role: 'receive' },
];

describe('descriptions', () => {
  it('[LK50] an offer has every section in order, one H.264 to send, all codecs to receive', () => {
    const sdp = offer(SECTIONS);
    const parts = sdp.split('m=').slice(1);
    expect(parts.map((part) => part.split(' ')[0])).toEqual(['application', 'video', 'audio', 'video', 'audio']);
    expect(sdp).toContain('a=group:BUNDLE 0 1 3 4\r\n');
    expect(parts[1]).toContain('a=sendonly');
    expect(parts[1]).toContain('profile-level-id=42e01f');
    expect(parts[1]).toContain('packetization-mode=1');
    expect(parts[1]).toContain('a=rtcp-fb:108 nack pli');
    expect(parts[1]).toContain('a=ssrc-group:FID 11 12');
    expect(parts[1]).not.toContain('VP8');
    expect(parts[2]).toMatch(/^audio 0 /);
    expect(parts[2]).not.toMatch(/a=(inactive|msid|ssrc)/);
    expect(parts.map((part) => part.includes('ssrc-audio-level'))).toEqual([false, false, true, false, false]);
    for (const codec of ['H264', 'VP8', 'VP9', 'AV1']) expect(parts[3]).toContain(` ${codec}/90000`);
    expect(parts[3]).toContain('a=recvonly');
    expect(sdp).not.toContain('video-orientation');
    expect(sdp).not.toContain('simulcast');
  });

  it('[LK50] what it writes it reads: sections, directions, streams, credentials', () => {
    const read = parseAnswer(offer(SECTIONS));
    expect(read.usernameFragment).toBe('frag');
    expect(read.fingerprints).toEqual([{ algorithm: 'sha-256', value: 'AB:CD' }]);
    expect(read.candidates).toHaveLength(1);
    expect(read.sections.map(({ rejected }) => rejected)).toEqual([false, false, true, false, false]);
    expect(read.sections.map(({ direction }) => direction)).toEqual([
      'sendrecv',
      'sendonly',
      'sendonly',
      'recvonly',
      'recvonly',
    ]);
    expect(read.sections[1]).toMatchObject({ kind: 'video', mid: '1', ssrc: 11, rtxSsrc: 12, trackId: 'cam' });
  });

  it('[LK50] an answer without what is needed is refused', () => {
    const sdp = offer(SECTIONS);
    for (const line of ['a=ice-ufrag:frag', 'a=ice-pwd:a-password-of-the-link-1', 'a=fingerprint:sha-256 AB:CD']) {
      expect(() => parseAnswer(sdp.replaceAll(`${line}\r\n`, ''))).toThrow();
    }
    expect(() => parseAnswer(sdp.slice(0, sdp.indexOf('m=')))).toThrow();
    expect(() => parseAnswer('v=0\r\nm=text 9 X 1\r\n')).toThrow();
    expect(() => parseAnswer('x'.repeat(2_000_000))).toThrow();
  });
});

describe('RTP', () => {
  it('[LK51] a header is read as it was written, with its MID', () => {
    fc.assert(
      fc.property(
        fc.record({
          ssrc: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
          payloadType: fc.integer({ min: 0, max: 127 }),
          sequence: fc.integer({ min: 0, max: 65_535 }),
          timestamp: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
          marker: fc.boolean(),
          mid: fc.stringMatching(/^[0-9]{1,3}$/),
          ids: fc.tuple(fc.constantFrom(0, 1), fc.constantFrom(0, 2), fc.constantFrom(0, 3), fc.constantFrom(0, 4)),
          level: fc.integer({ min: -1, max: 255 }),
        }),
        ({ ssrc, payloadType, sequence, timestamp, marker, mid, ids, level }) => {
          const header = new OutgoingHeader();
          header.configure({
            ssrc,
            payloadType,
            mid,
            midId: ids[0],
            absSendTimeId: ids[1],
            transportCcId: ids[2],
            audioLevelId: ids[3],
          });
          header.stamp(sequence, timestamp, marker, 1_700_000_000_000, 77, level);
          const packet = Buffer.concat([header.serialize(header.serializeSize), Buffer.from('payload')]);
          const read = incomingHeader();
          expect(readHeader(packet, read)).toBe(true);
          expect(read).toMatchObject({ ssrc, payloadType, sequence, timestamp, marker });
          expect(packet.toString('latin1', read.payloadStart, read.payloadEnd)).toBe('payload');
          expect(readMid(packet, read)).toBe(ids[0] === 1 ? mid : null);
          // Read by a parser of other hands.
          const { extensions } = RtpPacket.deSerialize(packet).header;
          const levels = extensions.filter(({ id }) => id === 4).map(({ payload }) => [...payload]);
          expect(levels).toEqual(ids[3] === 4 && level >= 0 ? [[level]] : []);
        },
      ),
      { seed: 1, numRuns: 200 },
    );
  });

  it('[LK51] voice is above −45 dBov; what is no level is none', () => {
    expect([0, 30, 45, 46, 127].map(levelByte)).toEqual([0x80, 0x80 | 30, 0x80 | 45, 46, 127]);
    for (const none of [undefined, -1, 128, Number.NaN]) expect(levelByte(none)).toBe(NO_LEVEL);
  });

  it('[LK51] random bytes are refused or read, never thrown at', () => {
    const read = incomingHeader();
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        const packet = Buffer.from(bytes);
        if (packet.length > 0) packet[0] = (packet[0]! & 0x3f) | 0x80;
        if (!readHeader(packet, read)) return;
        expect(read.payloadStart).toBeLessThanOrEqual(read.payloadEnd);
        expect(read.payloadEnd).toBeLessThanOrEqual(packet.length);
        readMid(packet, read);
      }),
      { seed: 2, numRuns: 2_000 },
    );
  });
});

class Heard implements RtcpReader {
  readonly reports: number[][] = [];
  readonly keyframes: number[] = [];
  readonly nacks: number[] = [];
  onSenderReport(ssrc: number, ntpMs: number, _middle: number, rtpTimestamp: number): void {
    this.reports.push([ssrc, ntpMs, rtpTimestamp]);
  }
  onKeyframeRequest(ssrc: number): void {
    this.keyframes.push(ssrc);
  }
  onNack(_ssrc: number, sequence: number): void {
    this.nacks.push(sequence);
  }
}

describe('RTCP', () => {
  it('[LK51] reports, keyframe requests and retransmission requests are read as they were written', () => {
    const heard = new Heard();
    const ntpMs = 3_990_000_000_123.5;
    const sequences = [65_530, 65_535, 0, 3, 100, 116, 117, 4_000];
    const compound = Buffer.concat([
      writeSenderReport({ ssrc: 5, ntpMs, rtpTimestamp: 2 ** 32 - 1, packets: 9, octets: 99, cname: 'me' }),
      writePli(1, 6),
      writeNack(1, 7, sequences),
    ]);
    readRtcp(compound, heard);
    expect(heard.reports[0]?.[0]).toBe(5);
    expect(Math.abs(heard.reports[0]![1]! - ntpMs)).toBeLessThan(0.001);
    expect(heard.reports[0]?.[2]).toBe(2 ** 32 - 1);
    expect(heard.keyframes).toEqual([6]);
    expect(heard.nacks).toEqual(sequences);
    // Counts stand where RFC 3550 §6.4.1 puts them.
    expect([compound.readUInt32BE(20), compound.readUInt32BE(24)]).toEqual([9, 99]);
  });

  it('[LK51] a FIR counts as a keyframe request; receiver reports are clamped', () => {
    const fir = Buffer.from('84ce00040000000100000000000000080100000000000000', 'hex').subarray(0, 20);
    fir.writeUInt16BE(4, 2);
    const heard = new Heard();
    readRtcp(fir, heard);
    expect(heard.keyframes).toEqual([8]);
    const block = {
      ssrc: 3,
      fractionLost: 12,
      lost: -5,
      highestSequence: 70_000,
      jitter: 4.5,
      lastReport: 1,
      delaySinceLastReport: 2,
    };
    const report = writeReceiverReport(1, [block, { ...block, lost: 2 ** 30 }]);
    expect(report.length).toBe(8 + 48);
    expect([report.readUIntBE(13, 3), report.readUIntBE(37, 3)]).toEqual([0, 0x7f_ff_ff]);
  });

  it('[LK51] random bytes never throw', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 120 }), fc.constantFrom(200, 201, 205, 206), (bytes, type) => {
        const packet = Buffer.from(bytes);
        if (packet.length >= 4) {
          packet[0] = (packet[0]! & 0x1f) | 0x80;
          packet[1] = type;
          packet.writeUInt16BE(Math.floor(packet.length / 4) - 1, 2);
        }
        expect(() => readRtcp(packet, new Heard())).not.toThrow();
      }),
      { seed: 3, numRuns: 2_000 },
    );
  });
});

describe('the history', () => {
  it('[LK14] gives back what was sent, not what was overwritten, and not twice at once', () => {
    const history = new PacketHistory(4, 40);
    const header = Buffer.from('headerheader');
    for (let i = 0; i < 6; i++) history.put(65_533 + i <= 65_535 ? 65_533 + i : i - 3, header, Buffer.from(`p${i}`));
    expect(history.take(65_533, 0, 40)).toBe(-1);
    const slot = history.take(0, 0, 40);
    expect(history.header(slot).toString()).toBe('headerheader');
    expect(history.payload(slot).toString()).toBe('p3');
    expect(history.take(0, 39, 40)).toBe(-1);
    expect(history.take(0, 41, 40)).toBe(slot);
    history.put(1, header, Buffer.alloc(100));
    expect(history.take(1, 0, 40)).toBe(-1);
    history.clear();
    expect(history.take(2, 0, 40)).toBe(-1);
  });
});
