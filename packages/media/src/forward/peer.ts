import type { PeerIndex } from '../transport/types.ts';
import type { DownlinkState } from './downlink.ts';
import type { Layer } from './layer.ts';
import { TransportCcRecorder } from './transport-cc.ts';
import type { UplinkState } from './uplink.ts';

/** An SSRC that is known: which layer of which uplink it feeds, and whether by retransmissions. */
export class Stream {
  readonly ssrc: number;
  readonly uplink: UplinkState;
  readonly layer: Layer;
  readonly repair: boolean;

  constructor(ssrc: number, uplink: UplinkState, layer: Layer, repair: boolean) {
    this.ssrc = ssrc;
    this.uplink = uplink;
    this.layer = layer;
    this.repair = repair;
  }
}

/** Everything of one transport peer, in both directions. SSRC keys are int32. */
export class PeerRecord {
  readonly index: PeerIndex;
  readonly uplinks: UplinkState[] = [];
  readonly downlinks: DownlinkState[] = [];
  readonly streams = new Map<number, Stream>();
  readonly downlinksBySsrc = new Map<number, DownlinkState>();
  readonly arrivals = new TransportCcRecorder();
  /** Names this publisher in the reports of everything forwarded of it (RFC 3550 section 6.5.1). */
  readonly cname: Uint8Array;
  /** Smoothed round trip to this peer in ms; null until measured. */
  rttMs: number | null = null;
  /** An SSRC of the peer's own, which transport-wide feedback must carry to be listened to. */
  mediaSsrc = 0;
  /** Ids of the extensions that tell streams apart; equal in every section of a bundled connection (RFC 8843 §9.1). */
  midId = 0;
  ridId = 0;
  repairedRidId = 0;
  transportCcId = 0;
  /** Its transport is up: what is sent arrives. */
  connected = false;
  /** The peer is going: nothing is sent to it any more. */
  closing = false;
  nextReportAt = 0;
  nextFeedbackAt = 0;
  /** SSRC looked up last; packets come in runs. */
  lastSsrc = 0;
  lastStream: Stream | undefined;

  constructor(index: PeerIndex, cname: Uint8Array) {
    this.index = index;
    this.cname = cname;
  }

  find(ssrc: number): Stream | undefined {
    if (ssrc === this.lastSsrc && this.lastStream !== undefined) return this.lastStream;
    const stream = this.streams.get(ssrc);
    this.lastSsrc = ssrc;
    this.lastStream = stream;
    return stream;
  }

  add(stream: Stream): void {
    this.streams.set(stream.ssrc, stream);
    this.lastStream = undefined;
  }

  remove(ssrc: number): void {
    this.streams.delete(ssrc);
    this.lastStream = undefined;
  }

  /** Takes a measurement of the round trip in (RFC 6298's smoothing). Implausible ones are left out. */
  measuredRtt(ms: number): void {
    if (!(ms >= 0 && ms < 10_000)) return;
    this.rttMs = this.rttMs === null ? ms : this.rttMs + (ms - this.rttMs) / 8;
  }

  /** Gathers the extension ids anew from the sections there are. */
  refreshExtensions(): void {
    this.midId = 0;
    this.ridId = 0;
    this.repairedRidId = 0;
    this.transportCcId = 0;
    for (const { extensions } of this.uplinks) {
      this.midId = extensions.mid ?? this.midId;
      this.ridId = extensions.rid ?? this.ridId;
      this.repairedRidId = extensions.repairedRid ?? this.repairedRidId;
      this.transportCcId = extensions.transportCc ?? this.transportCcId;
    }
  }
}
