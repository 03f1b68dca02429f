import { describe, expect, it } from 'vitest';
import { ntpMiddle } from './sender-clock.ts';
import { readFeedback } from './testing/feedback.ts';
import { receiverReport, rtp, senderReport, text, u32, vp8 } from './testing/packets.ts';
import { Scene } from './testing/scene.ts';

const NTP_SECONDS = 3_950_000_000;

function setUp() {
  const scene = new Scene();
  const uplink = scene.uplink({ kind: 'audio', ssrcs: [{ ssrc: 7, rtxSsrc: null }] });
  const downlink = scene.downlink(uplink);
  let sequence = 1;
  const speak = (extensions: readonly (readonly [number, Uint8Array])[] = []) =>
    scene.rtp(
      rtp({
        ssrc: 7,
        sequence: sequence++,
        timestamp: Math.round(scene.now * 48),
        payloadType: 111,
        extensions,
        payload: text('0123456789'),
      }),
    );
  return { scene, uplink, downlink, speak };
}

/** NTP seconds of a report, as a number. */
function ntp(report: DataView, at: number): number {
  return report.getUint32(at) + report.getUint32(at + 4) / 2 ** 32;
}

describe('sender reports to viewers', () => {
  it('[FW40] carry the publisher’s wall clock, moved on by the time since its report, and its CNAME', () => {
    const { scene, downlink, speak } = setUp();
    for (let i = 0; i < 5; i++) speak();
    const row = scene.rows(downlink.outSsrc).at(-1)!;
    scene.run(2000);
    expect(scene.rtcpSent(2, 200)).toEqual([]);
    const at = scene.now;
    scene.rtcp(senderReport(7, NTP_SECONDS, 0, Math.round(at * 48) >>> 0), 1);
    scene.run(3000);
    const reports = scene.rtcpSent(2, 200);
    expect(reports.length).toBeGreaterThanOrEqual(2);
    expect(reports.length).toBeLessThanOrEqual(6);
    const offset = (row.timestamp - Math.round(10_000 * 48)) | 0;
    for (const report of reports) {
      expect(report.getUint32(4)).toBe(downlink.outSsrc);
      const elapsed = ntp(report, 8) - NTP_SECONDS;
      expect(elapsed).toBeGreaterThanOrEqual(0);
      expect((report.getInt32(16) - ((Math.round(at * 48) + offset) | 0)) | 0).toBeCloseTo(elapsed * 48_000, -1);
      expect([report.getUint32(20), report.getUint32(24)]).toEqual([5, 50]);
    }
    // The last one is at most one and a half seconds old: its clock has moved on.
    expect(ntp(reports.at(-1)!, 8) - NTP_SECONDS).toBeGreaterThan(1.4);
    const names = scene
      .rtcpSent(2, 202)
      .map((sdes) => new TextDecoder().decode(new Uint8Array(sdes.buffer, sdes.byteOffset + 10, 16)));
    expect(new Set(names).size).toBe(1);
    expect(names[0]).toMatch(/^[A-Za-z0-9+/]{16}$/);
  });

  it('[FW41] a viewer’s report that answers one of them tells the round trip; others tell nothing', () => {
    const { scene, uplink, downlink, speak } = setUp();
    speak();
    scene.rtcp(senderReport(7, NTP_SECONDS, 12_345, 0), 1);
    scene.run(20);
    const [report] = scene.rtcpSent(2, 200);
    const lastReport = ntpMiddle(report!.getInt32(8), report!.getInt32(12));
    scene.now += 250;
    scene.rtcp(receiverReport({ ssrc: downlink.outSsrc, lastReport: lastReport + 1, delay: 6554 }));
    expect(downlink.stats(scene.now).rttMs).toBeNull();
    scene.rtcp(receiverReport({ ssrc: downlink.outSsrc, lastReport, delay: 6554 }));
    expect(downlink.stats(scene.now).rttMs).toBeCloseTo(150, 0);
    expect(uplink.stats(scene.now).rttMs).toBeNull();
  });
});

describe('reports to publishers', () => {
  it('[FW42] receiver reports tell loss, jitter and the last sender report', () => {
    const { scene, speak } = setUp();
    speak();
    scene.rtcp(senderReport(7, NTP_SECONDS, 0x8000_0000, 0), 1);
    scene.run(40);
    scene.rtp(rtp({ ssrc: 7, sequence: 4, timestamp: 0, payloadType: 111, payload: text('x') }));
    scene.run(2000);
    const report = scene.rtcpSent(1, 201).at(-1)!;
    expect(report.getUint8(0) & 0x1f).toBe(1);
    expect(report.getUint32(8)).toBe(7);
    expect(report.getUint32(12) & 0xffffff).toBe(2);
    expect(report.getUint32(16)).toBe(4);
    expect(report.getUint32(24)).toBe(((NTP_SECONDS & 0xffff) * 0x10000 + 0x8000) >>> 0);
    const delay = report.getUint32(28) / 65.536;
    expect(delay).toBeGreaterThan(400);
    expect(delay).toBeLessThan(2040);
    expect(scene.rtcpSent(1, 201).map((each) => each.getUint32(12) >>> 24)).toEqual([0, 170, 0]);
  });

  it('[FW43] the reference time’s answer (DLRR) tells the round trip to the publisher', () => {
    const { scene, uplink, speak } = setUp();
    speak();
    scene.run(200);
    const [reference] = scene.rtcpSent(1, 207);
    expect(reference!.getUint8(8)).toBe(4);
    const middle = ntpMiddle(reference!.getInt32(12), reference!.getInt32(16));
    scene.now += 0;
    const sentAt = scene.now;
    scene.now = sentAt + 180;
    scene.rtcp(Uint8Array.from([0x80, 207, 0, 5, ...u32(9), 5, 0, 0, 3, ...u32(1), ...u32(middle), ...u32(6554)]), 1);
    const rtt = uplink.stats(scene.now).rttMs!;
    const reportAt = reference!.getUint32(12) * 1000 + (reference!.getUint32(16) * 1000) / 2 ** 32;
    expect(rtt).toBeCloseTo(scene.now - reportAt - 100, 0);
  });

  it('[FW10] transport-wide feedback goes out every 50 to 100 ms, for every packet that carries a number', () => {
    const { scene, speak } = setUp();
    let number = 65_530;
    const sent: number[] = [];
    for (let i = 0; i < 50; i++) {
      sent.push(number & 0xffff);
      speak([[4, Uint8Array.of((number >> 8) & 0xff, number & 0xff)]]);
      number++;
      // An SSRC that nobody knows counts all the same: a bandwidth probe.
      if (i % 10 === 0) {
        sent.push(number & 0xffff);
        scene.rtp(
          rtp({
            ssrc: 77_777,
            sequence: i,
            timestamp: 0,
            payloadType: 50,
            padding: 100,
            extensions: [[4, Uint8Array.of((number >> 8) & 0xff, number & 0xff)]],
          }),
        );
        number++;
      }
      scene.run(20);
    }
    scene.run(200);
    const feedback = scene.rtcpSent(1, 205, 15).map(readFeedback);
    expect(feedback.every((each) => each.media === 7)).toBe(true);
    const told = feedback.flatMap((each) =>
      [...each.arrivals].filter(([, at]) => at !== null).map(([sequence]) => sequence),
    );
    expect(told).toEqual(sent);
    expect(feedback.length).toBeGreaterThanOrEqual(10);
    expect(feedback.length).toBeLessThanOrEqual(20);
  });

  it('[FW44] a compound with garbage behind it is used up to the garbage', () => {
    const scene = new Scene();
    const uplink = scene.uplink({ ssrcs: [{ ssrc: 7, rtxSsrc: null }] });
    const downlink = scene.downlink(uplink);
    scene.rtp(rtp({ ssrc: 7, sequence: 1, timestamp: 1, payloadType: 96, payload: vp8({ key: true }) }));
    scene.rtcp(Uint8Array.from([0x81, 206, 0, 2, ...u32(1), ...u32(downlink.outSsrc), 0x81, 206, 255, 255, 1, 2]));
    expect(downlink.stats(scene.now).plis).toBe(1);
  });
});
