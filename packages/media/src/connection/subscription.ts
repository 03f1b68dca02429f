import type { CodecBinding, Downlink, MediaKind, Uplink } from '../forward/types.ts';
import type { MediaState } from './sections.ts';
import type { Subscription, SubscriptionOptions } from './types.ts';

/** Best layer: 0 low, 1 medium, 2 high. */
const HIGHEST_LAYER = 2;

/** SIDs and stream ids come from the room; this keeps a mistake there from writing a line of its own into SDP. */
const SAFE_ID = /^[A-Za-z0-9_|.:{}-]{1,256}$/;

/** A subscription: waits for a section, then owns a downlink on it. */
export class ViewerSubscription implements Subscription {
  readonly uplink: Uplink;
  readonly kind: MediaKind;
  readonly trackSid: string;
  readonly streamId: string;
  /** The section it has, from the description that names it on. */
  section: MediaState | null = null;
  downlink: Downlink | null = null;
  /** No codec in common was found when it was last tried. */
  mismatch = false;
  closed = false;
  ssrc = 0;
  rtxSsrc: number | null = null;
  #bindings: readonly CodecBinding[] = [];
  #maxLayer = HIGHEST_LAYER;
  #paused = false;
  #connected = false;
  readonly #onClose: (subscription: ViewerSubscription) => void;

  constructor(options: SubscriptionOptions, onClose: (subscription: ViewerSubscription) => void) {
    if (!SAFE_ID.test(options.trackSid) || !SAFE_ID.test(options.streamId))
      throw new Error('unsafe track or stream id');
    this.uplink = options.uplink;
    this.kind = options.kind;
    this.trackSid = options.trackSid;
    this.streamId = options.streamId;
    this.#onClose = onClose;
  }

  get mid(): string | null {
    return this.section?.mid ?? null;
  }

  get codecMismatch(): boolean {
    if (this.mismatch) return true;
    const { mimeType } = this.uplink;
    return this.downlink !== null && mimeType !== null && !this.#bindings.some((codec) => codec.mimeType === mimeType);
  }

  /** Participant's part of the stream id: one cname per participant ties its tracks together (RFC 7022). */
  get cname(): string {
    return this.streamId.split('|', 1)[0]!;
  }

  attach(downlink: Downlink, bindings: readonly CodecBinding[]): void {
    this.downlink = downlink;
    this.#bindings = bindings;
    downlink.setMaxLayer(this.#maxLayer);
    this.#applyPause();
  }

  /** Gives section and downlink back; the subscription waits again. */
  detach(): void {
    this.downlink?.close();
    this.downlink = null;
    this.#bindings = [];
    if (this.section !== null) this.section.subscription = null;
    this.section = null;
  }

  /**
   * Until the transport carries media, nothing is sent: the first packet must be a keyframe that really arrives, and
   * unpausing asks for one.
   */
  setConnected(connected: boolean): void {
    if (this.#connected === connected) return;
    this.#connected = connected;
    this.#applyPause();
  }

  setMaxLayer(layer: number): void {
    this.#maxLayer = layer;
    this.downlink?.setMaxLayer(layer);
  }

  setPaused(paused: boolean): void {
    this.#paused = paused;
    this.#applyPause();
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.detach();
    this.#onClose(this);
  }

  #applyPause(): void {
    this.downlink?.setPaused(this.#paused || !this.#connected);
  }
}
