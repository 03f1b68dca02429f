/** The phone's pictures as the participant's camera track. */
import { readSps } from '../h264/sps.ts';
import type { LinkPublication } from '../link/types.ts';
import { H264Packetizer, type ParameterPackets, parameterPackets } from '../rtp/packetize.ts';
import type { VideoConfig, VideoFrame } from '../stream/types.ts';
import type { SourceTimeline } from '../timeline/source-timeline.ts';
import { Bridge } from './bridge.ts';
import { bridgeDefaults } from './bridge-types.ts';
import { FirstPictures } from './first-pictures.ts';
import { Publishing } from './publishing.ts';
import type { IngressOptions } from './types.ts';

export class VideoTrack {
  readonly #timeline: SourceTimeline;
  readonly #publishing: Publishing;
  readonly #bridge: Bridge;
  readonly #packetizer: H264Packetizer;
  readonly #payloadBytes: number;
  readonly #first = new FirstPictures();
  readonly #onFirstPacket: () => void;
  #parameters: ParameterPackets | null = null;
  /** P pictures go out only after this has been. */
  #keyframeSent = false;
  #reported = false;
  #lastMs = Number.NEGATIVE_INFINITY;

  /** @param onFirstPacket told after the first one: it is time for a report. */
  constructor(options: IngressOptions, timeline: SourceTimeline, onFirstPacket: () => void) {
    const { session, codecs, clock, limits } = options;
    this.#timeline = timeline;
    this.#onFirstPacket = onFirstPacket;
    this.#payloadBytes = limits.payloadBytes;
    this.#packetizer = new H264Packetizer(limits.payloadBytes);
    this.#bridge = new Bridge(
      {
        clock,
        group: options.group,
        open: (encodeFromMs, sink) =>
          codecs.openBridge({ encodeFromMs, bitsPerSecond: limits.bridgeBitsPerSecond }, sink),
        send: (frame, parameters) => this.#send(frame, parameters),
      },
      { ...bridgeDefaults, intervalMs: limits.bridgeIntervalMs },
    );
    this.#publishing = new Publishing({
      session,
      kind: 'video',
      clock,
      onReady: (publication) => this.#ready(publication),
      onRefused: (detail) => options.onTrouble({ kind: 'not-published', track: 'video', detail }),
      onKeyframeNeeded: () => {
        if (!this.#publishing.muted) this.#bridge.want();
      },
      onMutedByServer: (muted) => {
        this.#switched(muted);
        options.onMutedByServer('video', muted);
      },
    });
  }

  /** Whether a bridge is at work, and whose pictures go out. */
  get bridge(): Pick<Bridge, 'active' | 'state'> {
    return this.#bridge;
  }

  configure(config: VideoConfig): void {
    this.#bridge.configure(config);
    const sps = readSps(config.sps);
    this.#publishing.want(sps?.width ?? 0, sps?.height ?? 0);
  }

  frame(frame: VideoFrame): void {
    if (this.#publishing.muted) this.#bridge.unseen(frame);
    else this.#bridge.frame(frame);
  }

  /** The source began anew: what is held belongs to the old time. */
  restart(): void {
    this.#bridge.stop();
    this.#first.clear();
    this.#keyframeSent = false;
  }

  setMuted(muted: boolean): void {
    // Muted again while it is muted: what came meanwhile may not go on without a gap.
    if (!muted && !this.#publishing.muted) return;
    if (muted !== this.#publishing.muted) this.#publishing.setMuted(muted);
    this.#switched(muted);
  }

  tick(): void {
    this.#publishing.tick();
    this.#bridge.tick();
  }

  report(ntpMs: number, timestamp: number): void {
    if (this.#reported && !this.#publishing.muted) this.#publishing.publication?.report(ntpMs, timestamp);
  }

  close(): void {
    this.#bridge.stop();
    this.#first.clear();
    this.#publishing.close();
  }

  #switched(muted: boolean): void {
    if (muted) this.restart();
    else this.#bridge.want();
  }

  #ready(publication: LinkPublication): void {
    for (const { frame, parameters } of this.#first.take()) this.#packets(publication, frame, parameters);
    if (!this.#keyframeSent && !this.#publishing.muted) this.#bridge.want();
  }

  #send(frame: VideoFrame, parameters: VideoConfig | null): void {
    const publication = this.#publishing.publication;
    if (publication === null) this.#first.push(frame, parameters);
    else this.#packets(publication, frame, parameters);
  }

  #packets(publication: LinkPublication, frame: VideoFrame, parameters: VideoConfig | null): void {
    if (!(this.#keyframeSent || frame.keyframe)) return;
    // Two pictures of one millisecond would be one to a receiver: the timestamp is what tells them apart (RFC 6184 §5.1).
    const ms = Math.max(this.#timeline.at(frame.timestampMs), this.#lastMs + 1);
    const sets = frame.keyframe && parameters !== null ? this.#prepared(parameters) : null;
    const packets = this.#packetizer.send(frame.data, sets, this.#timeline.videoTimestamp(ms), publication);
    if (packets === 0) return;
    this.#lastMs = ms;
    this.#keyframeSent = true;
    if (this.#reported) return;
    this.#reported = true;
    this.#onFirstPacket();
  }

  #prepared(config: VideoConfig): ParameterPackets {
    if (this.#parameters?.config !== config) this.#parameters = parameterPackets(config, this.#payloadBytes);
    return this.#parameters;
  }
}
