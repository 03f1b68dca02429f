/**
 * Fan-out of one publisher's video to 1, 10 and 100 viewers over a transport that sends nothing: the cost of choosing,
 * rewriting and remembering a packet. Beside it, in the same run, the obvious version that makes a new packet for every
 * viewer. Rows a second, and the collector's pauses a million rows. And the same fan-out over the transport as the engine
 * has it, with a local peer (the phones' gateway) open: what that costs ordinary viewers.
 */
import { PerformanceObserver } from 'node:perf_hooks';
import { createForwarder } from '../packages/media/src/forward/forwarder.ts';
import type { CodecBinding } from '../packages/media/src/forward/types.ts';
import { LocalTransport } from '../packages/media/src/transport/local.ts';
import { PacketSlab } from '../packages/media/src/transport/slab.ts';
import type { SendBatch, Transport } from '../packages/media/src/transport/types.ts';
import { median, print, row } from './lib/report.ts';

const VIEWERS = [1, 10, 100];
const ROUNDS = 5;
const ROWS_A_ROUND = 1_000_000;
const PAYLOAD_BYTES = 1100;
const SSRC = 1000;

/** One contestant: takes packets, counts what it sends. */
interface Contestant {
  feed(packet: Uint8Array, now: number): void;
  sent(): number;
}

const codec: CodecBinding = {
  payloadType: 96,
  mimeType: 'video/vp8',
  clockRate: 90_000,
  fmtp: '',
  rtxPayloadType: 97,
  nack: true,
  pli: true,
};
const extensions = { mid: 1, transportCc: 4 };

/** A VP8 packet with mid and transport-cc extensions; the numbers are patched for each one. */
function template(): Buffer {
  const header = Buffer.alloc(12);
  header[0] = 0x90;
  header[1] = 96;
  header.writeUInt32BE(SSRC, 8);
  const block = Buffer.from([0xbe, 0xde, 0, 2, 0x10, 0x30, 0x41, 0, 0, 0, 0, 0]);
  const payload = Buffer.alloc(PAYLOAD_BYTES, 7);
  payload.set([0x90, 0xc0, 0x80, 0, 0]);
  return Buffer.concat([header, block, payload]);
}

function patch(packet: Buffer, n: number): void {
  const frame = Math.floor(n / 4);
  packet[1] = (n % 4 === 3 ? 0x80 : 0) | 96;
  packet.writeUInt16BE(n & 0xffff, 2);
  packet.writeUInt32BE((frame * 3000) >>> 0, 4);
  packet.writeUInt16BE(n & 0xffff, 19);
  packet[24] = n % 4 === 0 ? 0x90 : 0x80;
  packet.writeUInt16BE(0x8000 | (frame & 0x7fff), 26);
  packet[28] = frame & 0xff;
  packet[29] = n === 0 ? 0x10 : 0x11;
}

class NullTransport implements Transport {
  readonly slab = new PacketSlab(4096);
  readonly port = 0;
  readonly fingerprint = { algorithm: 'sha-256', value: '' };
  rows = 0;
  checksum = 0;
  send(batch: SendBatch): void {
    this.rows += batch.count;
    this.checksum ^= batch.rows[5]!;
  }
  sendRtcp(): void {}
  defineExtensions(): number {
    return 1;
  }
  releaseExtensions(): void {}
  candidates() {
    return [];
  }
  createPeer(): number {
    return 1_000;
  }
  localIce() {
    return { usernameFragment: '', password: '' };
  }
  restartIce() {
    return this.localIce();
  }
  setRemote(): void {}
  state() {
    return 'connected' as const;
  }
  sendData(): void {}
  closePeer(): void {}
  stats() {
    const dropped = { unknownAddress: 0, authentication: 0, replay: 0, malformed: 0, noSlot: 0 };
    return { packetsIn: 0, packetsOut: 0, bytesIn: 0, bytesOut: 0, dropped };
  }
  async close(): Promise<void> {}
}

function ours(viewers: number, wrap: (inner: Transport) => Transport = (inner) => inner): Contestant {
  const counter = new NullTransport();
  const transport = wrap(counter);
  let time = 0;
  const forwarder = createForwarder({
    transport,
    clock: () => time,
    random: () => 0.5,
    limits: { historyPackets: 512, keyframeIntervalMs: 500, maxStreamsPerPeer: 16 },
  });
  const uplink = forwarder.createUplink({
    peer: 0,
    kind: 'video',
    mid: '0',
    codecs: [codec],
    extensions,
    rids: [],
    ssrcs: [{ ssrc: SSRC, rtxSsrc: null }],
    sink: { onLayerStarted: () => {}, onLayerStopped: () => {} },
  });
  for (let i = 0; i < viewers; i++) {
    forwarder.createDownlink({
      uplink,
      peer: i + 1,
      mid: '0',
      ssrc: 5000 + i,
      rtxSsrc: 9000 + i,
      codecs: [codec],
      extensions,
      uplinkExtensions: extensions,
    });
  }
  const { slab } = transport;
  let nextTick = 0;
  return {
    feed: (packet, now) => {
      time = now;
      const slot = slab.take();
      slab.bytes.set(packet, slab.offset(slot));
      slab.lengths[slot] = packet.length;
      forwarder.handleRtp(0, slot, now);
      if (now >= nextTick) {
        nextTick = now + 20;
        forwarder.tick(now);
      }
    },
    sent: () => counter.rows,
  };
}

function linked(inner: Transport): Transport {
  const transport = new LocalTransport(inner);
  transport.openLocalPeer({ onRtp() {}, onRtcp() {} });
  return transport;
}

/** As one would write it first: parsed into an object, viewers by name, a new packet and a history entry for each. */
function naive(viewers: number): Contestant {
  const states = new Map<string, { ssrc: number; sequenceOffset: number; history: Map<number, Buffer> }>();
  for (let i = 0; i < viewers; i++) {
    states.set(`viewer-${i}`, { ssrc: 5000 + i, sequenceOffset: i, history: new Map() });
  }
  let rows = 0;
  const send = (_viewer: string, packet: Buffer) => {
    rows += packet.length > 0 ? 1 : 0;
  };
  return {
    feed: (bytes) => {
      const incoming = Buffer.from(bytes);
      const header = {
        marker: (incoming[1]! & 0x80) !== 0,
        payloadType: incoming[1]! & 0x7f,
        sequence: incoming.readUInt16BE(2),
        timestamp: incoming.readUInt32BE(4),
        ssrc: incoming.readUInt32BE(8),
        pictureId: incoming.readUInt16BE(26) & 0x7fff,
      };
      for (const [name, viewer] of states) {
        const packet = Buffer.from(incoming);
        const sequence = (header.sequence + viewer.sequenceOffset) & 0xffff;
        packet.writeUInt16BE(sequence, 2);
        packet.writeUInt32BE(header.timestamp, 4);
        packet.writeUInt32BE(viewer.ssrc, 8);
        packet.writeUInt16BE(0x8000 | header.pictureId, 26);
        viewer.history.set(sequence, packet);
        viewer.history.delete((sequence - 512) & 0xffff);
        send(name, packet);
      }
    },
    sent: () => rows,
  };
}

let pauses = 0;
/** The collector's entries are delivered some turns of the event loop later. */
const collectorEntries = () => new Promise((resolve) => setTimeout(resolve, 50));
const observer = new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) pauses += entry.duration;
});
observer.observe({ entryTypes: ['gc'] });

const results = [];
for (const viewers of VIEWERS) {
  const contestants = { ours: ours(viewers), linked: ours(viewers, linked), naive: naive(viewers) };
  const rates: Record<keyof typeof contestants, number[]> = { ours: [], linked: [], naive: [] };
  const collected = { ours: 0, linked: 0, naive: 0 };
  const fed = { ours: 0, linked: 0, naive: 0 };
  const packet = template();
  for (let round = -1; round < ROUNDS; round++) {
    for (const name of ['ours', 'linked', 'naive'] as const) {
      const contestant = contestants[name];
      const packets = Math.ceil(ROWS_A_ROUND / viewers);
      await collectorEntries();
      pauses = 0;
      const before = contestant.sent();
      const started = performance.now();
      for (let i = 0; i < packets; i++) {
        const n = fed[name]++;
        patch(packet, n);
        contestant.feed(packet, n * 5);
      }
      const elapsed = performance.now() - started;
      const rows = contestant.sent() - before;
      await collectorEntries();
      // The first round warms up.
      if (round < 0) continue;
      if (rows !== packets * viewers) throw new Error(`${name}: ${rows} rows of ${packets * viewers}.`);
      rates[name].push((rows * 1000) / elapsed);
      collected[name] += pauses;
    }
  }
  const perMillion = (ms: number) => (ms * 1_000_000) / (ROUNDS * Math.ceil(ROWS_A_ROUND / viewers) * viewers);
  results.push(
    row(`fan-out 1 → ${viewers}`, 'rows per second', median(rates.ours), {
      name: 'a new packet for every viewer',
      value: median(rates.naive),
    }),
    row(`fan-out 1 → ${viewers}, a local link open`, 'rows per second', median(rates.linked), {
      name: 'without a local link',
      value: median(rates.ours),
    }),
    row(`collector pauses 1 → ${viewers}`, 'ms per million rows', perMillion(collected.ours), {
      name: 'a new packet for every viewer',
      value: perMillion(collected.naive),
    }),
  );
}
observer.disconnect();
print('forward', results, { payloadBytes: PAYLOAD_BYTES, rounds: ROUNDS });
