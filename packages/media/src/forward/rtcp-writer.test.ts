import { describe, expect, it } from 'vitest';
import {
  GenericNack,
  RtcpPacketConverter,
  RtcpRrPacket,
  RtcpSourceDescriptionPacket,
  RtcpSrPacket,
  TransportWideCC,
} from 'werift';
import { RtcpWriter } from './rtcp-writer.ts';
import { nack, receiverReport, rtp, senderReport, text } from './testing/packets.ts';
import { Scene } from './testing/scene.ts';

/** Reads every packet of every compound sent to a peer with another implementation. */
function readByAnother(scene: Scene, peer: number) {
  return scene.transport.rtcp
    .filter((sent) => sent.peer === peer)
    .flatMap((sent) => RtcpPacketConverter.deSerialize(Buffer.from(sent.packet)));
}

describe('RTCP as another implementation reads it', () => {
  it('[FW10] [FW12] [FW40] [FW42] NACK, feedback, receiver reports, sender reports and CNAME', () => {
    const scene = new Scene();
    const uplink = scene.uplink({ ssrcs: [{ ssrc: 7, rtxSsrc: null }] });
    const downlink = scene.downlink(uplink);
    for (const sequence of [1, 2, 5, 30, 31]) {
      scene.rtp(
        rtp({
          ssrc: 7,
          sequence,
          timestamp: 1,
          payloadType: 96,
          payload: Uint8Array.of(0x10, 0x10, 0),
          extensions: [[4, Uint8Array.of(0, sequence)]],
        }),
      );
    }
    scene.rtcp(senderReport(7, 3_900_000_000, 0, 1), 1);
    scene.run(1600);
    const toPublisher = readByAnother(scene, 1);
    const lost = toPublisher.flatMap((packet) =>
      'feedback' in packet && packet.feedback instanceof GenericNack ? [...packet.feedback.lost] : [],
    );
    expect([...new Set(lost)].sort((a, b) => a - b)).toEqual([3, 4, ...Array.from({ length: 24 }, (_, i) => 6 + i)]);
    const feedback = toPublisher.flatMap((packet) =>
      'feedback' in packet && packet.feedback instanceof TransportWideCC ? [packet.feedback] : [],
    );
    expect(feedback).toHaveLength(1);
    // Its list of results leaves status vectors out, so that the chunks are unrolled here.
    const statuses = feedback[0]!.packetChunks.flatMap((chunk) =>
      'symbolList' in chunk ? chunk.symbolList : new Array<number>(chunk.runLength).fill(chunk.packetStatus),
    );
    expect(feedback[0]!.baseSequenceNumber).toBe(1);
    expect(statuses.flatMap((status, i) => (status === 0 ? [] : [1 + i]))).toEqual([1, 2, 5, 30, 31]);
    expect(feedback[0]!.recvDeltas).toHaveLength(5);
    const reports = toPublisher.filter((packet) => packet instanceof RtcpRrPacket);
    expect(reports[0]!.reports[0]).toMatchObject({ ssrc: 7, packetsLost: 26, highestSequence: 31 });
    const toViewer = readByAnother(scene, 2);
    expect(toViewer.find((packet) => packet instanceof RtcpSrPacket)).toMatchObject({ ssrc: downlink.outSsrc });
    const [names] = toViewer.filter((packet) => packet instanceof RtcpSourceDescriptionPacket);
    expect(names!.chunks[0]!.items[0]!.text).toHaveLength(16);
  });

  it('[FW12] a NACK of scattered numbers stays within its packet', () => {
    const writer = new RtcpWriter();
    const sequences = Uint16Array.from({ length: 256 }, (_, i) => (i * 40 + 60_000) & 0xffff);
    writer.nack(1, 2, sequences, 256);
    const [packet] = RtcpPacketConverter.deSerialize(Buffer.from(writer.packet()));
    expect(packet).toMatchObject({ feedback: { lost: [...sequences] } });
  });

  it('[FW44] the test’s own builders agree with it', () => {
    const [report] = RtcpPacketConverter.deSerialize(
      Buffer.from(receiverReport({ ssrc: 5, lost: 3, highest: 9, jitter: 4 })),
    );
    expect(report).toMatchObject({ reports: [{ ssrc: 5, packetsLost: 3, highestSequence: 9, jitter: 4 }] });
    const [request] = RtcpPacketConverter.deSerialize(Buffer.from(nack(5, 10, 1)));
    expect(request).toMatchObject({ feedback: { lost: [10, 11] } });
    expect(text('x')).toHaveLength(1);
  });
});
