/** Turns the messages of one publish into records, until its time or bytes are used up. */
import { readAggregate } from '../rtmp/aggregate.ts';
import { type AmfLimits, type AmfValue, readAmf0, writeAmf0 } from '../rtmp/amf0.ts';
import { MESSAGE } from '../rtmp/constants.ts';
import { readUint32 } from '../rtmp/control.ts';
import { describeAudio, describeVideo } from './describe.ts';
import { redactValue, toJson } from './redact.ts';
import { TrackMeter } from './track-meter.ts';
import type { BeginRecord, CaptureDirection, CaptureRecord, CaptureRequest, JsonValue, MediaRecord } from './types.ts';

/** Clients' metadata may be longer than their commands. */
const AMF_LIMITS: AmfLimits = { maxDepth: 8, maxValues: 1_024, maxStringBytes: 65_536 };

/** Messages may be empty: their bytes alone would not bound a capture. */
const MAX_MESSAGES = 50_000;

const NAMES: Readonly<Record<number, string>> = {
  [MESSAGE.setChunkSize]: 'set-chunk-size',
  [MESSAGE.abort]: 'abort',
  [MESSAGE.acknowledgement]: 'acknowledgement',
  [MESSAGE.userControl]: 'user-control',
  [MESSAGE.windowAcknowledgementSize]: 'window-acknowledgement-size',
  [MESSAGE.setPeerBandwidth]: 'set-peer-bandwidth',
  [MESSAGE.dataAmf3]: 'data-amf3',
  [MESSAGE.sharedObjectAmf3]: 'shared-object-amf3',
  [MESSAGE.commandAmf3]: 'command-amf3',
  [MESSAGE.dataAmf0]: 'data',
  [MESSAGE.sharedObjectAmf0]: 'shared-object',
  [MESSAGE.commandAmf0]: 'command',
  [MESSAGE.aggregate]: 'aggregate',
};

/** One message as the observer saw it; the payload is somebody else's. */
export interface ObservedMessage {
  readonly direction: CaptureDirection;
  readonly at: number;
  readonly type: number;
  readonly messageStream: number;
  readonly timestamp: number;
  readonly payload: Uint8Array;
}

export class Recorder {
  readonly #request: CaptureRequest;
  readonly #ticket: string;
  readonly #tell: (record: CaptureRecord) => void;
  readonly #video = new TrackMeter();
  readonly #audio = new TrackMeter();
  readonly #groups: number[] = [];
  #group: { timestamp: number; frames: number; bytes: number } | null = null;
  #keyframes = 0;
  #bytes = 0;
  #messages = 0;
  #publishAt: number | null = null;
  #over = false;

  /** @param ticket the query, to be found and taken out wherever it stands. */
  constructor(request: CaptureRequest, begin: BeginRecord, ticket: string, tell: (record: CaptureRecord) => void) {
    this.#request = request;
    this.#ticket = ticket;
    this.#tell = tell;
    tell(begin);
  }

  /** From now on the request's time counts. */
  publishing(at: number): void {
    this.#publishAt = at;
  }

  /** @returns false when the capture is complete. */
  message(message: ObservedMessage): boolean {
    if (this.#over) return false;
    const { at, type, timestamp, payload } = message;
    if (this.#publishAt !== null && at - this.#publishAt > this.#request.maxMs) {
      this.end(at, 'the time of the capture is over');
      return false;
    }
    if (type === MESSAGE.audio || type === MESSAGE.video) this.#media(at, type, timestamp, payload);
    else this.#other(message);
    this.#messages += 1;
    if (this.#bytes > this.#request.maxBytes) this.end(at, 'the bytes of the capture are used up');
    else if (this.#messages >= MAX_MESSAGES) this.end(at, 'the messages of the capture are used up');
    return !this.#over;
  }

  end(at: number, reason: string): void {
    if (this.#over) return;
    this.#over = true;
    this.#tell({
      kind: 'end',
      at,
      reason,
      video: this.#video.summary(),
      audio: this.#audio.summary(),
      keyframes: this.#keyframes,
      groups: {
        count: this.#groups.length,
        shortestMs: this.#groups.length === 0 ? null : Math.min(...this.#groups),
        longestMs: this.#groups.length === 0 ? null : Math.max(...this.#groups),
      },
    });
  }

  #other({ direction, at, type, messageStream, timestamp, payload }: ObservedMessage): void {
    const head = {
      kind: 'message',
      at,
      direction,
      type: NAMES[type] ?? `type-${type}`,
      messageStream,
      timestamp,
    } as const;
    try {
      const values = this.#values(type, payload);
      this.#tell({ ...head, bytes: payload.length, values });
      if (direction === 'out') return;
      if (type === MESSAGE.dataAmf0) this.#metadata(at, timestamp, readAmf0(payload, 0, AMF_LIMITS));
      else if (type === MESSAGE.aggregate) {
        readAggregate(timestamp, payload, (inner, time, body) => {
          if (inner === MESSAGE.audio || inner === MESSAGE.video) this.#media(at, inner, time, body);
        });
      }
    } catch (error) {
      this.#tell({ ...head, bytes: payload.length, values: null, error: String(error) });
    }
  }

  #values(type: number, payload: Uint8Array): JsonValue[] {
    switch (type) {
      case MESSAGE.commandAmf0:
      case MESSAGE.dataAmf0:
      case MESSAGE.commandAmf3:
      case MESSAGE.dataAmf3: {
        const from = type === MESSAGE.commandAmf3 || type === MESSAGE.dataAmf3 ? 1 : 0;
        const values = readAmf0(payload, from, AMF_LIMITS);
        // What stands behind connect's object is for a server's own use: user names and passwords, mostly.
        const open = values[0] === 'connect' ? 3 : values.length;
        return values.map((value, i) => toJson(value, this.#ticket, i < open ? '' : 'secret'));
      }
      case MESSAGE.userControl:
        if (payload.length < 6) return [];
        return [(payload[0]! << 8) | payload[1]!, readUint32(payload.subarray(2))];
      case MESSAGE.setPeerBandwidth:
        return [readUint32(payload), payload[4] ?? null];
      case MESSAGE.setChunkSize:
      case MESSAGE.abort:
      case MESSAGE.acknowledgement:
      case MESSAGE.windowAcknowledgementSize:
        return [readUint32(payload)];
      default:
        return [];
    }
  }

  /** Metadata as the file has them: made anew from their redacted values. */
  #metadata(at: number, timestamp: number, values: readonly AmfValue[]): void {
    const bare = values[0] === '@setDataFrame' ? values.slice(1) : values;
    const payload = writeAmf0(bare.map((value) => redactValue(value, this.#ticket)));
    this.#bytes += payload.length;
    this.#tell({ kind: 'media', at, media: 'data', timestamp, what: 'metadata', compositionMs: 0, payload });
  }

  #media(at: number, type: number, timestamp: number, body: Uint8Array): void {
    const video = type === MESSAGE.video;
    this.#bytes += body.length;
    (video ? this.#video : this.#audio).add(timestamp, body.length);
    const what = video ? videoKind(body) : audioKind(body);
    const composition =
      video && what !== 'other' ? (((body[2] ?? 0) << 24) | ((body[3] ?? 0) << 16) | ((body[4] ?? 0) << 8)) >> 8 : 0;
    // A copy in memory of its own: the original is the publish's, and a view would drag its whole pool along.
    const payload = new Uint8Array(body);
    this.#tell({
      kind: 'media',
      at,
      media: video ? 'video' : 'audio',
      timestamp,
      what,
      compositionMs: composition,
      payload,
    });
    if (what === 'config') {
      this.#tell(
        video ? describeVideo(at, timestamp, body.subarray(5)) : describeAudio(at, timestamp, body.subarray(2)),
      );
    } else if (video && what !== 'other') {
      this.#picture(at, timestamp, body.length, what === 'keyframe');
    }
  }

  #picture(at: number, timestamp: number, bytes: number, keyframe: boolean): void {
    if (keyframe) {
      this.#keyframes += 1;
      const group = this.#group;
      if (group !== null) {
        const lengthMs = (timestamp - group.timestamp) | 0;
        this.#groups.push(lengthMs);
        this.#tell({
          kind: 'group',
          at,
          timestamp: group.timestamp,
          lengthMs,
          frames: group.frames,
          bytes: group.bytes,
        });
      }
      this.#group = { timestamp, frames: 0, bytes: 0 };
    }
    if (this.#group !== null) {
      this.#group.frames += 1;
      this.#group.bytes += bytes;
    }
  }
}

/** FLV 10.1 annex E.4.3: frame type and codec, then AVC's packet type. */
function videoKind(body: Uint8Array): MediaRecord['what'] {
  const first = body[0] ?? 0;
  if (body.length < 5 || (first & 0x80) !== 0 || (first & 15) !== 7) return 'other';
  if (body[1] === 0) return 'config';
  if (body[1] !== 1) return 'other';
  return first >> 4 === 1 ? 'keyframe' : 'frame';
}

/** Annex E.4.2: format 10 is AAC, then its packet type. */
function audioKind(body: Uint8Array): MediaRecord['what'] {
  if (body.length < 2 || (body[0] ?? 0) >> 4 !== 10) return 'other';
  return body[1] === 0 ? 'config' : 'frame';
}
