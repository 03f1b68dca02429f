import { CLIENT_ATTRIBUTE, PHONE_CLIENT } from '@lianmai/protocol';
import { type Room, RoomEvent, Track } from 'livekit-client';
import { describe, expect, it } from 'vitest';
import { isPhone } from './phone.ts';
import { decodes, PhoneCodec } from './phone-codec.ts';

const PHONE = { attributes: { [CLIENT_ATTRIBUTE]: PHONE_CLIENT } };
const BROWSER = { attributes: {} };

/** As much of a room as the codec's choice needs: it remembers what was published and withdrawn, in which codec. */
class FakeRoom {
  readonly #listeners = new Map<string, (...args: unknown[]) => void>();
  readonly options: { publishDefaults?: { videoCodec?: string; simulcast?: boolean } } = {
    publishDefaults: { simulcast: true },
  };
  readonly remoteParticipants = new Map<string, { attributes: Record<string, string> }>();
  readonly done: string[] = [];
  /** What the server makes of a codec that is asked for. */
  taken = (codec: string) => codec;
  fails = 0;
  readonly localParticipant = {
    videoTrackPublications: new Map<
      string,
      {
        track: Track | undefined;
        source: Track.Source;
        mimeType: string;
        isMuted: boolean;
        options?: { videoCodec: string };
      }
    >(),
    unpublishTrack: async (track: Track, stop: boolean) => {
      const publications = this.localParticipant.videoTrackPublications;
      for (const [sid, one] of publications) if (one.track === track) publications.delete(sid);
      this.done.push(`unpublish${stop ? ' and stop' : ''}`);
    },
    publishTrack: async (track: Track, options: { source: Track.Source; videoCodec?: string }) => {
      if (this.fails-- > 0) throw new Error('not now');
      const codec = this.taken(options.videoCodec ?? 'vp8');
      this.done.push(`publish ${options.source} ${codec}`);
      this.publish(track, options.source, `video/${codec.toUpperCase()}`);
    },
  };

  on(event: string, listener: (...args: unknown[]) => void): this {
    this.#listeners.set(event, listener);
    return this;
  }

  emit(event: string, ...args: unknown[]): void {
    this.#listeners.get(event)?.(...args);
  }

  publish(track: Track, source: Track.Source, mimeType: string, isMuted = false): void {
    const sid = `TR_${this.done.length}_${source}`;
    this.localParticipant.videoTrackPublications.set(sid, { track, source, mimeType, isMuted });
    this.emit(RoomEvent.LocalTrackPublished);
  }

  phoneComes(): void {
    this.remoteParticipants.set('phone', PHONE);
    this.emit(RoomEvent.ParticipantConnected, PHONE);
  }
}

function setUp(able = true) {
  const room = new FakeRoom();
  const codec = new PhoneCodec(room as unknown as Room, () => able);
  return { room, codec };
}

const camera = () => ({}) as Track;

describe('[WEB10] what phones can show', () => {
  it('is published from the start where the server asks for it, other defaults stay', () => {
    const { room, codec } = setUp();
    codec.prefer('h264');
    expect(room.options.publishDefaults).toEqual({ videoCodec: 'h264', simulcast: true });
    codec.prefer(null);
    expect(room.options.publishDefaults).toEqual({ videoCodec: 'vp8', simulcast: true });
  });

  it('a browser that cannot keeps what it has', async () => {
    const { room, codec } = setUp(false);
    codec.prefer('h264');
    expect(room.options.publishDefaults).toMatchObject({ videoCodec: 'vp8' });
    room.publish(camera(), Track.Source.Camera, 'video/VP8');
    room.phoneComes();
    await codec.settled();
    expect(room.done).toEqual([]);
  });

  it('camera and screen are published again when a phone comes, once, and go on running', async () => {
    const { room, codec } = setUp();
    room.publish(camera(), Track.Source.Camera, 'video/VP8');
    room.publish(camera(), Track.Source.ScreenShare, 'video/VP9');
    room.remoteParticipants.set('browser', BROWSER);
    room.emit(RoomEvent.ParticipantConnected, BROWSER);
    await codec.settled();
    expect(room.done).toEqual([]);
    room.phoneComes();
    room.phoneComes();
    await codec.settled();
    expect(room.done).toEqual(['unpublish', 'publish camera h264', 'unpublish', 'publish screen_share h264']);
  });

  it('who shows a camera is told that it is away for a moment only', async () => {
    const { room, codec } = setUp();
    const seen: string[] = [];
    codec.subscribe(() => {
      const publications = room.localParticipant.videoTrackPublications.size;
      seen.push(`${codec.isBusy() ? 'busy' : 'settled'}, ${publications} published`);
    });
    room.publish(camera(), Track.Source.Camera, 'video/VP8');
    room.phoneComes();
    await codec.settled();
    expect(seen).toEqual(['busy, 1 published', 'settled, 1 published']);
  });

  it('what is H.264 already is left alone; a phone there before counts as one that comes', async () => {
    const { room, codec } = setUp();
    room.phoneComes();
    room.publish(camera(), Track.Source.Camera, 'video/H264');
    await codec.settled();
    expect(room.done).toEqual([]);
    room.publish(camera(), Track.Source.ScreenShare, 'video/AV1');
    await codec.settled();
    expect(room.done).toEqual(['unpublish', 'publish screen_share h264']);
  });

  it('a server that names no codec has what it was asked for', async () => {
    const { room, codec } = setUp();
    for (const [source, videoCodec] of [
      [Track.Source.Camera, 'h264'],
      [Track.Source.ScreenShare, 'vp8'],
    ] as const) {
      room.publish(camera(), source, '');
      const publication = [...room.localParticipant.videoTrackPublications.values()].at(-1);
      if (publication) publication.options = { videoCodec };
    }
    room.phoneComes();
    await codec.settled();
    expect(room.done).toEqual(['unpublish', 'publish screen_share h264']);
  });

  it('a camera that is off waits until it is on', async () => {
    const { room, codec } = setUp();
    room.publish(camera(), Track.Source.Camera, 'video/VP8', true);
    room.phoneComes();
    await codec.settled();
    expect(room.done).toEqual([]);
    for (const publication of room.localParticipant.videoTrackPublications.values()) publication.isMuted = false;
    room.emit(RoomEvent.TrackUnmuted, {}, { isLocal: true });
    await codec.settled();
    expect(room.done).toEqual(['unpublish', 'publish camera h264']);
  });

  it('a server that chooses otherwise is not asked for ever, and a failure brings the picture back as it was', async () => {
    const { room, codec } = setUp();
    room.taken = () => 'vp8';
    room.publish(camera(), Track.Source.Camera, 'video/VP8');
    room.phoneComes();
    await codec.settled();
    expect(room.done).toEqual(['unpublish', 'publish camera vp8']);
    const second = setUp();
    second.room.fails = 1;
    second.room.publish(camera(), Track.Source.Camera, 'video/VP8');
    second.room.phoneComes();
    await second.codec.settled();
    expect(second.room.done).toEqual(['unpublish', 'publish camera vp8']);
  });
});

describe('[WEB12] what this browser cannot show', () => {
  const capabilities = { codecs: [{ mimeType: 'video/VP8', clockRate: 90_000 }], headerExtensions: [] };

  it('is known by its codec; what is not told is taken to work', () => {
    expect(decodes('video/vp8', capabilities)).toBe(true);
    expect(decodes('video/H264', capabilities)).toBe(false);
    expect(decodes('video/H264', undefined)).toBe(true);
    expect(decodes(undefined, capabilities)).toBe(true);
    expect(decodes('', capabilities)).toBe(true);
  });
});

describe('[WEB11] who takes part by phone', () => {
  it('is known by the attribute that the server gives', () => {
    expect(isPhone(PHONE)).toBe(true);
    expect(isPhone(BROWSER)).toBe(false);
    expect(isPhone({ attributes: { [CLIENT_ATTRIBUTE]: 'tablet' } })).toBe(false);
  });
});
