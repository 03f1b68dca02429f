/** What one participant publishes: requests waiting for their section, sections waiting for their request, tracks. */
import {
  type AddTrackRequest,
  AudioTrackFeature,
  type MuteTrackRequest,
  RequestResponse,
  RequestResponse_Reason,
  type TrackInfo,
  TrackPublishedResponse,
  TrackType,
  type UpdateLocalAudioTrack,
  type UpdateLocalVideoTrack,
} from '@livekit/protocol';
import type { PublishPreferences, UplinkSection } from '../connection/types.ts';
import type { MediaKind } from '../forward/types.ts';
import { mayPublish, type Permission } from '../signal/permission.ts';
import type { ResponseMessage } from '../signal/session.ts';
import type { Participant } from './participant.ts';
import { addTrackProblem, bindSection, describeTrack, PublishedTrack } from './track.ts';

export interface PublicationsHost {
  readonly participant: Participant;
  readonly limits: { readonly tracksPerParticipant: number; readonly nameLength: number };
  permission(): Permission;
  /** Mime types that new tracks are to be sent in where the client can. */
  publishFirst(): readonly string[];
  send(message: ResponseMessage): void;
  onPublished(track: PublishedTrack): void;
  onUnpublished(track: PublishedTrack): void;
  /** Muted, unmuted, or its description changed. */
  onChanged(track: PublishedTrack): void;
}

interface PendingTrack {
  readonly cid: string;
  readonly info: TrackInfo;
}

export class Publications {
  readonly #host: PublicationsHost;
  /** By cid, in the order of the requests. */
  readonly #pending = new Map<string, PendingTrack>();
  readonly #bySid = new Map<string, PublishedTrack>();
  readonly #byMid = new Map<string, PublishedTrack>();
  /** Sections that send something no request has named yet. */
  readonly #unmatched = new Map<string, UplinkSection>();
  /** Sections of a track's second codec, which we do not forward. */
  readonly #ignored = new Set<string>();

  constructor(host: PublicationsHost) {
    this.#host = host;
  }

  get tracks(): IterableIterator<PublishedTrack> {
    return this.#bySid.values();
  }

  get size(): number {
    return this.#bySid.size;
  }

  get(sid: string): PublishedTrack | undefined {
    return this.#bySid.get(sid);
  }

  /** Whether a track is published or still waits for its section. */
  knows(sid: string): boolean {
    return this.#bySid.has(sid) || this.#pendingBySid(sid) !== null;
  }

  /** `addTrack`: answered at once, before any section. */
  add(request: AddTrackRequest): void {
    const refuse = (reason: RequestResponse_Reason, message: string) =>
      this.#respond(reason, message, { case: 'addTrack', value: request });
    if (!mayPublish(this.#host.permission(), request.source)) {
      refuse(RequestResponse_Reason.NOT_ALLOWED, 'does not have permission to publish this source');
      return;
    }
    if (request.type !== TrackType.AUDIO && request.type !== TrackType.VIDEO) {
      refuse(RequestResponse_Reason.UNSUPPORTED_TYPE, 'unsupported track type');
      return;
    }
    const problem = addTrackProblem(request);
    if (problem) {
      refuse(RequestResponse_Reason.INVALID_REQUEST, problem);
      return;
    }
    const { limits } = this.#host;
    if (request.sid !== '') {
      // A further codec of a track that is there already. It is named, so that the client gets its answer, and its
      // section is not forwarded.
      const track = this.#bySid.get(request.sid);
      if (!track) {
        refuse(RequestResponse_Reason.NOT_FOUND, 'no such track');
        return;
      }
      this.#sendPublished(request.cid, track.info);
      return;
    }
    if (request.name.length > limits.nameLength || request.stream.length > limits.nameLength) {
      refuse(RequestResponse_Reason.LIMIT_EXCEEDED, 'exceeds name length limit');
      return;
    }
    const repeated = this.#pending.get(request.cid);
    if (!repeated && this.#pending.size + this.#bySid.size >= limits.tracksPerParticipant) {
      refuse(RequestResponse_Reason.LIMIT_EXCEEDED, 'too many tracks');
      return;
    }
    const pending = repeated ?? { cid: request.cid, info: describeTrack(request) };
    this.#pending.set(request.cid, pending);
    this.#sendPublished(pending.cid, pending.info);
    for (const [mid, section] of this.#unmatched) {
      if (this.#match(section)) this.#unmatched.delete(mid);
    }
  }

  /** A section began to send. */
  sectionStarted(section: UplinkSection): void {
    const current = this.#byMid.get(section.mid);
    if (current) {
      // The same cid asked for anew is a new track: it was unpublished and published between two offers.
      const same = current.section.kind === section.kind && ownsCid(current, section.trackId);
      if (same && !this.#pending.has(section.trackId)) {
        current.section = section;
        section.uplink.setMuted(current.info.muted);
        return;
      }
      this.#remove(current);
    }
    if (this.#match(section)) return;
    for (const track of this.#bySid.values()) {
      if (track.info.codecs.some((codec) => codec.cid !== '' && codec.cid === section.trackId)) {
        this.#ignored.add(section.mid);
        section.uplink.setMuted(true);
        return;
      }
    }
    // Nobody hears an unnamed section: it may be one that this participant may not publish at all.
    section.uplink.setMuted(true);
    this.#unmatched.set(section.mid, section);
  }

  sectionStopped(mid: string): void {
    this.#unmatched.delete(mid);
    this.#ignored.delete(mid);
    const track = this.#byMid.get(mid);
    if (track) this.#remove(track);
  }

  /** The connection is gone. */
  closeAll(): void {
    for (const track of [...this.#bySid.values()]) this.#remove(track);
    this.#pending.clear();
    this.#unmatched.clear();
  }

  /** `mute` by the publisher itself or by the server; null when there is no such track. */
  setMuted(request: MuteTrackRequest, byServer: boolean): TrackInfo | null {
    const track = this.#bySid.get(request.sid);
    if (track) {
      const changed = track.info.muted !== request.muted;
      track.info.muted = request.muted;
      track.section.uplink.setMuted(request.muted);
      if (byServer && changed) this.#host.send({ case: 'mute', value: request });
      if (changed) this.#host.onChanged(track);
      return track.info;
    }
    const pending = this.#pendingBySid(request.sid);
    if (pending) {
      pending.info.muted = request.muted;
      return pending.info;
    }
    if (!byServer) this.#respond(RequestResponse_Reason.NOT_FOUND, 'no such track', { case: 'mute', value: request });
    return null;
  }

  updateAudio(update: UpdateLocalAudioTrack): void {
    const track = this.#bySid.get(update.trackSid);
    const info = track?.info ?? this.#pendingBySid(update.trackSid)?.info;
    if (!info) {
      this.#respond(RequestResponse_Reason.NOT_FOUND, 'no such track', { case: 'updateAudioTrack', value: update });
      return;
    }
    info.audioFeatures = [...new Set(update.features)].slice(0, 32);
    info.stereo = info.audioFeatures.includes(AudioTrackFeature.TF_STEREO);
    info.disableDtx = info.audioFeatures.includes(AudioTrackFeature.TF_NO_DTX);
    if (track) this.#host.onChanged(track);
  }

  updateVideo(update: UpdateLocalVideoTrack): void {
    const track = this.#bySid.get(update.trackSid);
    const info = track?.info ?? this.#pendingBySid(update.trackSid)?.info;
    if (!info) {
      this.#respond(RequestResponse_Reason.NOT_FOUND, 'no such track', { case: 'updateVideoTrack', value: update });
      return;
    }
    info.width = update.width;
    info.height = update.height;
    if (track) this.#host.onChanged(track);
  }

  /** Takes away what the permission no longer covers. */
  enforce(permission: Permission): void {
    for (const track of [...this.#bySid.values()]) {
      if (!mayPublish(permission, track.info.source)) this.#remove(track);
    }
    for (const pending of [...this.#pending.values()]) {
      if (!mayPublish(permission, pending.info.source)) this.#pending.delete(pending.cid);
    }
  }

  /** How the track of this section is to be sent: as the request asked, and later as it is sent already. */
  preferences(kind: MediaKind, trackId: string): PublishPreferences | null {
    const published = [...this.#bySid.values()].find((track) => trackId !== '' && ownsCid(track, trackId));
    const info = published?.info ?? this.#request(kind, trackId)?.info;
    if (!info) return null;
    const asked = { mimeType: info.mimeType.toLowerCase(), opus: { stereo: info.stereo, dtx: !info.disableDtx } };
    // A running track keeps its codec: senders follow the first of the answer, and viewers were told another one.
    return published ? asked : { ...asked, first: this.#host.publishFirst() };
  }

  #match(section: UplinkSection): boolean {
    const found = this.#request(section.kind, section.trackId);
    if (found === null) return false;
    this.#pending.delete(found.cid);
    bindSection(found.info, section);
    const track = new PublishedTrack(this.#host.participant, found.cid, found.info, section);
    this.#bySid.set(track.sid, track);
    this.#byMid.set(section.mid, track);
    section.uplink.setMuted(track.info.muted);
    this.#host.onPublished(track);
    return true;
  }

  #remove(track: PublishedTrack): void {
    if (track.closed) return;
    track.closed = true;
    this.#bySid.delete(track.sid);
    if (this.#byMid.get(track.section.mid) === track) this.#byMid.delete(track.section.mid);
    // The section may still send (its permission was taken away): nobody is to hear it.
    track.section.uplink.setMuted(true);
    this.#host.onUnpublished(track);
  }

  /** By the section's own track id, then by a codec's, then the first of that kind: ids can change on the way. */
  #request(kind: MediaKind, trackId: string): PendingTrack | null {
    const type = kind === 'audio' ? TrackType.AUDIO : TrackType.VIDEO;
    const named = this.#pending.get(trackId);
    if (named?.info.type === type) return named;
    const ofKind = [...this.#pending.values()].filter((pending) => pending.info.type === type);
    const byCodec = ofKind.find((pending) =>
      pending.info.codecs.some((codec) => trackId !== '' && codec.cid === trackId),
    );
    return byCodec ?? ofKind[0] ?? null;
  }

  #pendingBySid(sid: string): PendingTrack | null {
    for (const pending of this.#pending.values()) if (pending.info.sid === sid) return pending;
    return null;
  }

  #sendPublished(cid: string, info: TrackInfo): void {
    this.#host.send({ case: 'trackPublished', value: new TrackPublishedResponse({ cid, track: info }) });
  }

  #respond(reason: RequestResponse_Reason, message: string, request: RequestResponse['request']): void {
    this.#host.send({ case: 'requestResponse', value: new RequestResponse({ reason, message, request }) });
  }
}

function ownsCid(track: PublishedTrack, trackId: string): boolean {
  if (trackId === '' || trackId === track.cid || trackId === track.section.trackId) return true;
  return track.info.codecs.some((codec) => codec.cid === trackId || codec.sdpCid === trackId);
}
