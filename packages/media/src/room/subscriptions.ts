/** What one participant receives: wishes (its own and the automatic ones), permissions, and the connection's answer. */
import {
  SubscriptionError,
  SubscriptionPermissionUpdate,
  SubscriptionResponse,
  type TrackInfo,
  type UpdateTrackSettings,
  VideoQuality,
} from '@livekit/protocol';
import type { Connection, Subscription } from '../connection/types.ts';
import type { ResponseMessage } from '../signal/session.ts';
import { layerForSize, type PublishedTrack } from './track.ts';

export interface SubscriptionsHost {
  readonly limit: number;
  readonly autoSubscribe: boolean;
  /** Where downlinks go; null while there is none. */
  connection(): Connection | null;
  /** Grants and attributes of this viewer, and the publisher's own rules. */
  mayReceive(track: PublishedTrack): { readonly viewer: boolean; readonly publisher: boolean };
  send(message: ResponseMessage): void;
  /** The viewer has a downlink of the track now. */
  onSubscribed(track: PublishedTrack): void;
}

interface Entry {
  readonly track: PublishedTrack;
  readonly preference: Preference;
  subscription: Subscription | null;
  bound: boolean;
  codecErrorSent: boolean;
  /** What the viewer was last told about the publisher's permission. */
  allowed: boolean;
}

interface Settings {
  readonly disabled: boolean;
  readonly quality: VideoQuality;
  readonly width: number;
  readonly height: number;
}

/** What the viewer asked for; null = nothing yet. */
interface Preference {
  subscribe: boolean | null;
  settings: Settings | null;
}

/** A SID of ours has 14 characters; longer names are no track's. */
const MAX_SID_LENGTH = 64;

export class Subscriptions {
  readonly #host: SubscriptionsHost;
  readonly #entries = new Map<string, Entry>();
  /** By the SIDs of tracks that are not there (yet), oldest first: wishes may come before the track. */
  readonly #early = new Map<string, Preference>();

  constructor(host: SubscriptionsHost) {
    this.#host = host;
  }

  /** Tracks with a downlink, for quality and statistics. */
  *bound(): IterableIterator<{ readonly track: PublishedTrack; readonly subscription: Subscription }> {
    for (const entry of this.#entries.values()) {
      if (entry.bound && entry.subscription) yield { track: entry.track, subscription: entry.subscription };
    }
  }

  /** SIDs of the participants of whom anything is subscribed. */
  publishers(): ReadonlySet<string> {
    const sids = new Set<string>();
    for (const entry of this.#entries.values()) if (entry.subscription) sids.add(entry.track.publisher.sid);
    return sids;
  }

  /** A track is there (published, or the viewer just came): subscribe if it is wished for and allowed. */
  offer(track: PublishedTrack): void {
    if (this.#entries.has(track.sid) || this.#entries.size >= this.#host.limit) return;
    const preference = this.#early.get(track.sid) ?? { subscribe: null, settings: null };
    this.#early.delete(track.sid);
    const entry: Entry = { track, preference, subscription: null, bound: false, codecErrorSent: false, allowed: true };
    this.#entries.set(track.sid, entry);
    this.#reconcile(entry);
  }

  /** The track is gone. */
  withdraw(track: PublishedTrack): void {
    const entry = this.#entries.get(track.sid);
    this.#early.delete(track.sid);
    if (!entry) return;
    this.#entries.delete(track.sid);
    entry.subscription?.close();
  }

  /** `subscription` from the client, or the server API. Unknown tracks are remembered, within the limit. */
  wish(trackSids: Iterable<string>, subscribe: boolean): void {
    let count = 0;
    for (const sid of trackSids) {
      if (++count > this.#host.limit) return;
      const preference = this.#preference(sid);
      if (!preference) continue;
      preference.subscribe = subscribe;
      const entry = this.#entries.get(sid);
      if (entry) this.#reconcile(entry);
    }
  }

  updateSettings(update: UpdateTrackSettings): void {
    const { disabled, quality, width, height } = update;
    for (const sid of update.trackSids.slice(0, this.#host.limit)) {
      this.#change(sid, { disabled, quality, width, height });
    }
  }

  setDisabled(trackSids: readonly string[]): void {
    for (const sid of trackSids.slice(0, this.#host.limit)) {
      const present = this.#preference(sid)?.settings ?? { quality: VideoQuality.HIGH, width: 0, height: 0 };
      this.#change(sid, { ...present, disabled: true });
    }
  }

  /** Grants or permissions changed. */
  reconcileAll(): void {
    for (const entry of this.#entries.values()) this.#reconcile(entry);
  }

  reconcileTrack(track: PublishedTrack): void {
    const entry = this.#entries.get(track.sid);
    if (entry) this.#reconcile(entry);
  }

  /** After every answer: some subscriptions have their section now, some turn out not to fit. */
  afterNegotiation(): void {
    for (const entry of this.#entries.values()) this.#settle(entry);
  }

  closeAll(): void {
    for (const entry of this.#entries.values()) entry.subscription?.close();
    this.#entries.clear();
  }

  #settle(entry: Entry): void {
    const { subscription } = entry;
    if (!subscription) return;
    if (subscription.codecMismatch && !entry.codecErrorSent) {
      entry.codecErrorSent = true;
      this.#host.send({
        case: 'subscriptionResponse',
        value: new SubscriptionResponse({
          trackSid: entry.track.sid,
          err: SubscriptionError.SE_CODEC_UNSUPPORTED,
        }),
      });
    }
    if (!entry.bound && subscription.downlink) {
      entry.bound = true;
      this.#apply(entry);
      this.#host.onSubscribed(entry.track);
    }
  }

  #change(sid: string, settings: Settings): void {
    const preference = this.#preference(sid);
    if (!preference) return;
    preference.settings = settings;
    const entry = this.#entries.get(sid);
    if (entry) this.#apply(entry);
  }

  /** Of a track, there or not; null when the SID can be none. Beyond the limit the oldest absent one is forgotten. */
  #preference(sid: string): Preference | null {
    const known = this.#entries.get(sid)?.preference ?? this.#early.get(sid);
    if (known) return known;
    if (sid === '' || sid.length > MAX_SID_LENGTH) return null;
    if (this.#early.size >= this.#host.limit) {
      for (const oldest of this.#early.keys()) {
        this.#early.delete(oldest);
        break;
      }
    }
    const preference: Preference = { subscribe: null, settings: null };
    this.#early.set(sid, preference);
    return preference;
  }

  /** Absent tracks of which something is remembered. */
  get remembered(): number {
    return this.#early.size;
  }

  #reconcile(entry: Entry): void {
    const { track } = entry;
    const wished = entry.preference.subscribe ?? this.#host.autoSubscribe;
    const rights = this.#host.mayReceive(track);
    if (wished && rights.viewer && rights.publisher !== entry.allowed) {
      entry.allowed = rights.publisher;
      this.#host.send({
        case: 'subscriptionPermissionUpdate',
        value: new SubscriptionPermissionUpdate({
          participantSid: track.publisher.sid,
          trackSid: track.sid,
          allowed: rights.publisher,
        }),
      });
    }
    const wanted = wished && rights.viewer && rights.publisher;
    if (wanted && !entry.subscription) {
      const connection = this.#host.connection();
      if (!connection) return;
      entry.bound = false;
      entry.codecErrorSent = false;
      entry.subscription = connection.subscribe({
        uplink: track.section.uplink,
        kind: track.section.kind,
        trackSid: track.sid,
        streamId: `${track.publisher.sid}|${track.sid}`,
      });
      this.#apply(entry);
      // A connection without descriptions has its downlink at once.
      this.#settle(entry);
    } else if (!wanted && entry.subscription) {
      entry.subscription.close();
      entry.subscription = null;
      entry.bound = false;
    }
  }

  #apply(entry: Entry): void {
    const { subscription, track } = entry;
    const { settings } = entry.preference;
    if (!subscription || !settings) return;
    subscription.setPaused(settings.disabled);
    subscription.setMaxLayer(maxLayer(track.info, settings));
  }
}

function maxLayer(info: TrackInfo, settings: Settings): number {
  if (settings.width > 0 && settings.height > 0) return layerForSize(info, settings.width, settings.height);
  if (settings.quality === VideoQuality.LOW || settings.quality === VideoQuality.MEDIUM) return settings.quality;
  return VideoQuality.HIGH;
}
