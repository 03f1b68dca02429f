import { hasPrivilege, type PhoneCodeName, type PhoneQuality, PRIVILEGE } from '@lianmai/protocol';
import type { Logger } from 'pino';
import type { UnitReader } from '../flv/unit-reader.ts';
import type { Ingress, IngressOptions, IngressTrouble } from '../ingress/types.ts';
import type { LinkSession } from '../link/types.ts';
import type { Channel } from '../room/channel.ts';
import type { PublishEnd, Publishing, PublishSink, RtmpMedia } from '../rtmp/types.ts';
import type { AudioConfig, MediaUnit, VideoConfig } from '../stream/types.ts';
import type { UnitGroup } from '../stream/unit-group.ts';
import { Arrival } from './arrival.ts';

export interface PhonePublishParts {
  readonly privileges: number;
  readonly channel: Channel;
  readonly reader: UnitReader;
  /** The current group of pictures, for a late viewer's bridge. */
  readonly group: UnitGroup;
  readonly createIngress: (
    options: Pick<IngressOptions, 'session' | 'group' | 'onTrouble' | 'onMutedByServer'>,
  ) => Ingress;
  readonly clock: () => number;
  readonly log: Logger;
  /** What flows has changed. */
  readonly onChanged: () => void;
  /** How well the push arrives has changed. */
  readonly onQuality: (quality: PhoneQuality) => void;
  readonly onTrouble: (trouble: IngressTrouble) => void;
  readonly onMutedByServer: (track: 'audio' | 'video', muted: boolean) => void;
  /** The push is over; `code` says why when it was ended by us. */
  readonly onEnd: (code: PhoneCodeName | null, reason: string) => void;
}

/** Camera and microphone, each on or off. */
export interface Switches {
  readonly video: boolean;
  readonly audio: boolean;
}

/** Video tags that stop for so long while sound goes on: the camera is off, whatever signalling says. */
const VIDEO_STALL_MS = 3_000;

/**
 * One RTMP push of a phone: read, checked, sent to other phones as it is, and to the media room by the ingress. The push
 * lives longer than any one media session: browsers see it again when the media service is back, phones never miss it.
 */
export class PhonePublish implements PublishSink {
  readonly #parts: PhonePublishParts;
  readonly #may: Switches;
  #publishing: Publishing | null = null;
  #ingress: Ingress | null = null;
  #video: VideoConfig | null = null;
  #audio: AudioConfig | null = null;
  #on: Switches = { video: true, audio: true };
  readonly #arrival: Arrival;
  /** As told last; the push before this one may have been told of as lost, so that the first judgement is always told. */
  #quality: PhoneQuality | null = null;
  #lastVideoAt: number;
  #lastAudioAt = 0;
  #stalled = false;
  #over = false;

  constructor(parts: PhonePublishParts) {
    this.#parts = parts;
    this.#lastVideoAt = parts.clock();
    this.#arrival = new Arrival(parts.clock());
    this.#may = {
      video: hasPrivilege(parts.privileges, PRIVILEGE.sendVideo),
      audio: hasPrivilege(parts.privileges, PRIVILEGE.sendAudio),
    };
  }

  /** Whether the phone's sound, if any, is silence now. */
  get muted(): boolean {
    return !this.#on.audio;
  }

  /** The RTMP connection, once its publish was confirmed. */
  started(publishing: Publishing): void {
    this.#publishing = publishing;
    if (this.#over) publishing.end('NetStream.Publish.Rejected', 'the publish was ended');
  }

  /** The media session to publish in, or null while there is none. */
  setSession(session: LinkSession | null): void {
    this.#ingress?.close();
    this.#ingress = null;
    if (session === null || this.#over) return;
    const { createIngress, group, onTrouble, onMutedByServer } = this.#parts;
    const ingress = createIngress({ session, group: () => group.pictures(), onTrouble, onMutedByServer });
    this.#ingress = ingress;
    this.#tellMutes();
    if (this.#video !== null && this.#may.video) ingress.write(this.#video);
    if (this.#audio !== null && this.#may.audio) ingress.write(this.#audio);
  }

  /** What the phone's user and the room's owner let through. */
  setSwitches(on: Switches): void {
    this.#on = on;
    this.#tellMutes();
    this.#refresh();
  }

  onMedia(media: RtmpMedia): void {
    if (this.#over) return;
    const result = this.#parts.reader.read(media, this.#parts.clock());
    if (result.kind === 'refused') {
      this.#parts.log.info({ code: result.code, detail: result.detail }, 'a push was ended');
      this.end(result.code);
      return;
    }
    for (const unit of result.units) this.#unit(unit);
  }

  onEnd(reason: string, cause?: PublishEnd): void {
    this.#finish(cause === 'idle' ? 'idle' : cause === 'too-much' ? 'tooMuch' : null, reason);
  }

  /** Ends the push: the phone is told the reason by signalling. */
  end(code: PhoneCodeName): void {
    if (this.#over) return;
    const publishing = this.#publishing;
    this.#finish(code, code);
    publishing?.end('NetStream.Publish.Rejected', code);
  }

  /** Every 100 ms or so. */
  tick(): void {
    this.#ingress?.tick();
    const now = this.#parts.clock();
    const quality = this.#arrival.take(now);
    if (quality !== null && quality !== this.#quality) {
      this.#quality = quality;
      this.#parts.onQuality(quality);
    }
    const stalled = now - this.#lastVideoAt > VIDEO_STALL_MS && this.#lastAudioAt > this.#lastVideoAt;
    if (stalled === this.#stalled || this.#video === null) return;
    this.#stalled = stalled;
    this.#tellMutes();
    this.#refresh();
  }

  #unit(unit: MediaUnit): void {
    const now = this.#parts.clock();
    switch (unit.kind) {
      case 'video-config':
        this.#video = unit;
        break;
      case 'audio-config':
        this.#audio = unit;
        break;
      case 'video':
        this.#arrival.add(unit.timestampMs, now);
        this.#lastVideoAt = now;
        if (this.#stalled) this.tick();
        break;
      case 'audio':
        this.#arrival.add(unit.timestampMs, now);
        this.#lastAudioAt = now;
    }
    const video = unit.kind === 'video' || unit.kind === 'video-config';
    if (!(video ? this.#may.video : this.#may.audio)) return;
    if (unit.kind === 'video-config' || unit.kind === 'audio-config') this.#refresh();
    // Pictures go on behind a camera that is off (the ingress sends none): switched on again it is seen at once, by the
    // bridge, and not with the phone's next keyframe.
    if (unit.kind === 'video-config' || unit.kind === 'video') this.#parts.group.add(unit, now);
    else if (unit.kind === 'audio' && !this.#on.audio) return;
    this.#ingress?.write(unit);
    if (unit.kind !== 'video' || this.#on.video) this.#parts.channel.write(unit);
  }

  #tellMutes(): void {
    this.#ingress?.setMuted('video', !this.#on.video || this.#stalled);
    this.#ingress?.setMuted('audio', !this.#on.audio);
  }

  #refresh(): void {
    this.#parts.channel.setAvailable({
      video: this.#video !== null && this.#may.video && this.#on.video && !this.#stalled,
      audio: this.#audio !== null && this.#may.audio,
    });
    this.#parts.onChanged();
  }

  #finish(code: PhoneCodeName | null, reason: string): void {
    if (this.#over) return;
    this.#over = true;
    this.#ingress?.close();
    this.#ingress = null;
    this.#parts.channel.end('source-ended');
    this.#parts.onEnd(code, reason);
  }
}
