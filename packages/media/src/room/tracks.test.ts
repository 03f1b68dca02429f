/** Publishing and subscribing, in frames. */
import {
  AddTrackRequest,
  MuteTrackRequest,
  RequestResponse_Reason,
  SessionDescription,
  SimulcastCodec,
  SubscriptionError,
  SubscriptionPermission,
  TrackPermission,
  TrackSource,
  TrackType,
  UpdateLocalAudioTrack,
  UpdateLocalVideoTrack,
  UpdateSubscription,
  UpdateTrackSettings,
  VideoLayer,
  VideoQuality,
} from '@livekit/protocol';
import { describe, expect, it } from 'vitest';
import { type TestClient, World } from './testing/world.ts';

async function pair(): Promise<{ world: World; alice: TestClient; bob: TestClient }> {
  const world = new World();
  const alice = await world.join('alice');
  const bob = await world.join('bob');
  return { world, alice, bob };
}

const addTrack = (value: Partial<AddTrackRequest>) =>
  ({ case: 'addTrack', value: new AddTrackRequest({ cid: 'c', type: TrackType.VIDEO, ...value }) }) as const;

describe('[SG15] publishing', () => {
  it('[SG15] addTrack is answered at once; the track appears with its section, the update before any description', async () => {
    const { alice, bob, world } = await pair();
    alice.send(addTrack({ cid: 'cam', source: TrackSource.CAMERA, width: 640, height: 360 }));
    expect(alice.last('trackPublished')).toMatchObject({ cid: 'cam', track: { width: 640 } });
    expect(bob.sees('alice')?.tracks).toEqual([]);
    const sid = alice.publish('video', 'cam');
    expect(bob.sees('alice')?.tracks).toMatchObject([{ sid, mimeType: 'video/vp8', mid: '0', stream: 'camera' }]);
    expect(bob.down.open(sid)?.options.streamId).toBe(`${alice.sid}|${sid}`);
    expect(world.events.at(-1)?.event).toBe('track_published');
    expect(alice.last('subscribedQualityUpdate')?.subscribedCodecs[0]?.codec).toBe('vp8');
  });

  it('[SG16] sections find their request by cid, by a codec’s cid, then by kind', async () => {
    const { alice, bob } = await pair();
    alice.send(addTrack({ cid: 'one', source: TrackSource.CAMERA }));
    alice.send(addTrack({ cid: 'two', source: TrackSource.SCREEN_SHARE }));
    const codec = new SimulcastCodec({ codec: 'vp9', cid: 'codec-cid' });
    alice.send(addTrack({ cid: 'three', name: 'third', simulcastCodecs: [codec] }));
    const offer = (sdp: string) =>
      alice.send({ case: 'offer', value: new SessionDescription({ type: 'offer', sdp, id: 1 }) });
    offer('0 video two\n1 video codec-cid\n2 video changed-on-the-way');
    const byMid = new Map(bob.sees('alice')?.tracks.map((track) => [track.mid, track]));
    expect(byMid.get('0')?.source).toBe(TrackSource.SCREEN_SHARE);
    expect(byMid.get('1')?.name).toBe('third');
    expect(byMid.get('2')?.source).toBe(TrackSource.CAMERA);
  });

  it('[SG16] a section without a request is heard by nobody until its request comes', async () => {
    const { alice, bob } = await pair();
    alice.send({ case: 'offer', value: new SessionDescription({ type: 'offer', sdp: '0 audio mic', id: 1 }) });
    expect(alice.up.uplinks.get('0')?.muted).toBe(true);
    expect(bob.sees('alice')?.tracks).toEqual([]);
    alice.send(addTrack({ cid: 'mic', type: TrackType.AUDIO, source: TrackSource.MICROPHONE }));
    expect(alice.up.uplinks.get('0')?.muted).toBe(false);
    expect(bob.sees('alice')?.tracks).toHaveLength(1);
  });

  it('[SG17] a section that stops sending unpublishes its track', async () => {
    const { alice, bob, world } = await pair();
    const sid = alice.publish('video', 'cam');
    alice.unpublish('cam');
    expect(bob.sees('alice')?.tracks).toEqual([]);
    expect(bob.down.open(sid)).toBeUndefined();
    expect(alice.last('trackUnpublished')?.trackSid).toBe(sid);
    expect(world.events.at(-1)?.event).toBe('track_unpublished');
    expect(alice.publish('video', 'cam')).not.toBe(sid);
  });

  it('[SG18] sources are checked against the grants, at once and when they change', async () => {
    const world = new World();
    const alice = await world.join('alice', { grant: { canPublishSources: [TrackSource.MICROPHONE] } });
    alice.send(addTrack({ cid: 'cam', source: TrackSource.CAMERA }));
    expect(alice.last('requestResponse')).toMatchObject({
      reason: RequestResponse_Reason.NOT_ALLOWED,
      request: { case: 'addTrack', value: { cid: 'cam' } },
    });
    expect(alice.last('trackPublished')).toBeUndefined();
    alice.publish('audio', 'mic');
    const mute = await world.join('bob', { grant: { canPublish: false } });
    mute.send(addTrack({ cid: 'x', source: TrackSource.MICROPHONE, type: TrackType.AUDIO }));
    expect(mute.last('requestResponse')?.reason).toBe(RequestResponse_Reason.NOT_ALLOWED);
  });

  it('[SG18] a source of the other kind opens nothing: a microphone’s grant carries no picture', async () => {
    const world = new World();
    const bob = await world.join('bob');
    const alice = await world.join('alice', { grant: { canPublishSources: [TrackSource.MICROPHONE] } });
    const reason = (source: TrackSource, type: TrackType) => {
      alice.send(addTrack({ cid: 'cam', source, type }));
      return alice.all('requestResponse').at(-1)?.reason;
    };
    expect(reason(TrackSource.MICROPHONE, TrackType.VIDEO)).toBe(RequestResponse_Reason.INVALID_REQUEST);
    expect(reason(TrackSource.UNKNOWN, TrackType.VIDEO)).toBe(RequestResponse_Reason.NOT_ALLOWED);
    expect(reason(TrackSource.CAMERA, TrackType.VIDEO)).toBe(RequestResponse_Reason.NOT_ALLOWED);
    expect(reason(TrackSource.CAMERA, TrackType.AUDIO)).toBe(RequestResponse_Reason.NOT_ALLOWED);
    alice.send({ case: 'offer', value: new SessionDescription({ type: 'offer', sdp: '0 video cam', id: 1 }) });
    alice.send(addTrack({ cid: 'mic', source: TrackSource.MICROPHONE, type: TrackType.AUDIO }));
    expect(alice.last('answer')).toBeDefined();
    expect(alice.up.uplinks.get('0')?.muted).toBe(true);
    expect(bob.sees('alice')?.tracks).toEqual([]);
    const free = await world.join('carol');
    const asked = { cid: 'x', source: TrackSource.SCREEN_SHARE_AUDIO, type: TrackType.VIDEO };
    free.send(addTrack(asked));
    expect(free.last('requestResponse')?.reason).toBe(RequestResponse_Reason.INVALID_REQUEST);
    free.send(addTrack({ ...asked, source: TrackSource.UNKNOWN }));
    expect(free.last('trackPublished')?.cid).toBe('x');
  });

  it('[SG19] a section begun anew under its track stays muted; one of the other kind is another track', async () => {
    const { alice, bob } = await pair();
    const sid = alice.publish('audio', 'mic');
    alice.send({ case: 'mute', value: new MuteTrackRequest({ sid, muted: true }) });
    const offer = (sdp: string, id: number) =>
      alice.send({ case: 'offer', value: new SessionDescription({ type: 'offer', sdp, id }) });
    offer('0 audio', 7);
    expect(bob.sees('alice')?.tracks.map((track) => track.sid)).toEqual([sid]);
    expect(alice.up.uplinks.get('0')?.muted).toBe(true);
    offer('0 video', 8);
    expect(bob.sees('alice')?.tracks).toEqual([]);
    expect(alice.up.uplinks.get('0')?.muted).toBe(true);
  });

  it('[SG40] what one track says of itself to the whole room is bounded', async () => {
    const { alice, bob } = await pair();
    const refused = [
      new SimulcastCodec({ codec: 'vp8', cid: 'x'.repeat(257) }),
      new SimulcastCodec({ codec: 'x'.repeat(65), cid: 'x' }),
    ];
    for (const codec of refused) {
      alice.send(addTrack({ cid: 'cam', simulcastCodecs: [codec] }));
      expect(alice.last('requestResponse')?.reason).toBe(RequestResponse_Reason.INVALID_REQUEST);
    }
    expect(alice.last('trackPublished')).toBeUndefined();
    const many = Array.from({ length: 1_000 }, (_, index) => index);
    const layers = many.map(() => new VideoLayer({ rid: 'x'.repeat(100) }));
    const codec = new SimulcastCodec({ codec: 'vp8', cid: 'cam', layers });
    const asked = { cid: 'cam', simulcastCodecs: [codec], layers, audioFeatures: many, packetTrailerFeatures: many };
    alice.send(addTrack(asked));
    alice.publish('video', 'cam');
    expect(bob.sees('alice')?.toBinary().byteLength).toBeLessThan(1_000);
  });

  it('[SG18] limits: tracks, names, client ids, types, unknown SIDs', async () => {
    const world = new World({ limits: { tracksPerParticipant: 2, nameLength: 8 } });
    const alice = await world.join('alice');
    const reason = (value: Partial<AddTrackRequest>) => {
      const before = alice.all('requestResponse').length;
      alice.send(addTrack(value));
      return alice.all('requestResponse')[before]?.reason;
    };
    expect(reason({ cid: '' })).toBe(RequestResponse_Reason.INVALID_REQUEST);
    expect(reason({ cid: 'x'.repeat(300) })).toBe(RequestResponse_Reason.INVALID_REQUEST);
    expect(reason({ name: 'much too long' })).toBe(RequestResponse_Reason.LIMIT_EXCEEDED);
    expect(reason({ type: TrackType.DATA })).toBe(RequestResponse_Reason.UNSUPPORTED_TYPE);
    expect(reason({ sid: 'TR_unknown' })).toBe(RequestResponse_Reason.NOT_FOUND);
    expect(reason({ cid: 'one' })).toBeUndefined();
    expect(reason({ cid: 'one' })).toBeUndefined();
    expect(reason({ cid: 'two' })).toBeUndefined();
    expect(reason({ cid: 'three' })).toBe(RequestResponse_Reason.LIMIT_EXCEEDED);
  });

  it('[SG19] muting reaches the others and the packets; features and sizes can be changed', async () => {
    const { alice, bob } = await pair();
    const sid = alice.publish('video', 'cam');
    const mute = (muted: boolean) => alice.send({ case: 'mute', value: new MuteTrackRequest({ sid, muted }) });
    mute(true);
    expect(alice.up.uplinks.get('0')?.muted).toBe(true);
    expect(bob.sees('alice')?.tracks[0]?.muted).toBe(true);
    const version = bob.sees('alice')?.version ?? 0;
    mute(false);
    expect(alice.up.uplinks.get('0')?.muted).toBe(false);
    expect(bob.sees('alice')?.version).toBeGreaterThan(version);
    alice.send({ case: 'updateVideoTrack', value: new UpdateLocalVideoTrack({ trackSid: sid, width: 99, height: 9 }) });
    expect(bob.sees('alice')?.tracks[0]).toMatchObject({ width: 99, height: 9 });
    alice.send({ case: 'updateAudioTrack', value: new UpdateLocalAudioTrack({ trackSid: 'TR_x' }) });
    alice.send({ case: 'mute', value: new MuteTrackRequest({ sid: 'TR_x' }) });
    expect(alice.all('requestResponse').map(({ reason }) => reason)).toEqual([1, 1]);
  });

  it('[SG15] an unusable offer ends the session with a full reconnect, and only that session', async () => {
    const { alice, bob } = await pair();
    alice.send({ case: 'offer', value: new SessionDescription({ type: 'offer', sdp: 'bad', id: 1 }) });
    expect(alice.last('leave')?.action).toBe(2);
    expect(bob.closed).toBeNull();
  });
});

describe('[SG20] subscribing', () => {
  it('[SG20] everything is subscribed by itself, existing tracks included; the publisher is told once', async () => {
    const { alice, bob, world } = await pair();
    const sid = alice.publish('video', 'cam');
    bob.offer();
    expect(alice.all('trackSubscribed').map(({ trackSid }) => trackSid)).toEqual([sid]);
    expect(Object.values(bob.last('answer')?.midToTrackId ?? {})).toEqual([sid]);
    const carol = await world.join('carol');
    expect(carol.down.open(sid)).toBeDefined();
    carol.offer();
    expect(alice.all('trackSubscribed')).toHaveLength(1);
  });

  it('[SG20] autoSubscribe off: only what is asked for, also before the track is there', async () => {
    const world = new World();
    const alice = await world.join('alice');
    const bob = await world.join('bob', { autoSubscribe: false });
    const sid = alice.publish('video', 'cam');
    expect(bob.down.open(sid)).toBeUndefined();
    const wish = (subscribe: boolean) =>
      bob.send({ case: 'subscription', value: new UpdateSubscription({ trackSids: [sid], subscribe }) });
    wish(true);
    expect(bob.down.open(sid)).toBeDefined();
    wish(false);
    expect(bob.down.open(sid)).toBeUndefined();
    wish(true);
    expect(bob.down.open(sid)).toBeDefined();
  });

  it('[SG40] wishes and settings for tracks that are not there take bounded room, and the newest count', async () => {
    const world = new World({ limits: { subscriptionsPerParticipant: 4 } });
    const alice = await world.join('alice');
    const bob = await world.join('bob', { autoSubscribe: false });
    const tell = (trackSids: string[]) => {
      bob.send({ case: 'subscription', value: new UpdateSubscription({ trackSids, subscribe: true }) });
      bob.send({ case: 'trackSetting', value: new UpdateTrackSettings({ trackSids, disabled: true }) });
    };
    const viewer = world.control.manager.get('hall')?.get('bob');
    tell(['x'.repeat(65), '']);
    expect(viewer?.subscriptions.remembered).toBe(0);
    for (let round = 0; round < 10; round++) tell(['a', 'b', 'c', 'd', 'e'].map((name) => `${name}${round}`));
    expect(viewer?.subscriptions.remembered).toBe(4);
    alice.send(addTrack({ cid: 'cam', source: TrackSource.CAMERA }));
    tell([alice.last('trackPublished')?.track?.sid ?? '']);
    const sid = alice.publish('video', 'cam');
    expect(bob.down.open(sid)).toMatchObject({ paused: true });
    expect(viewer?.subscriptions.remembered).toBe(3);
  });

  it('[SG20] negotiation is asked for in the form’s own way', async () => {
    const world = new World();
    const alice = await world.join('alice');
    alice.down.sink.onNegotiationNeeded({ audios: 1, videos: 2 });
    expect(alice.last('mediaSectionsRequirement')).toMatchObject({ numAudios: 1, numVideos: 2 });
    const bob = await world.join('bob', { two: true });
    const before = bob.all('offer').length;
    bob.down.sink.onNegotiationNeeded({ audios: 0, videos: 0 });
    expect(bob.all('offer')).toHaveLength(before + 1);
  });

  it('[SG21] grants, the deny attribute and the publisher’s own rules each keep a track away', async () => {
    const world = new World();
    const alice = await world.join('alice');
    const deaf = await world.join('deaf', { grant: { canSubscribe: false } });
    const denied = await world.join('denied', { attributes: { 'lianmai.deny': 'video' } });
    const bob = await world.join('bob');
    const camera = alice.publish('video', 'cam');
    const microphone = alice.publish('audio', 'mic');
    const has = (client: TestClient) => [camera, microphone].map((sid) => client.down.open(sid) !== undefined);
    expect(has(deaf)).toEqual([false, false]);
    expect(has(denied)).toEqual([false, true]);
    expect(has(bob)).toEqual([true, true]);
    denied.send({ case: 'subscription', value: new UpdateSubscription({ trackSids: [camera], subscribe: true }) });
    expect(has(denied)).toEqual([false, true]);
    const rule = new TrackPermission({ participantIdentity: 'denied', trackSids: [microphone] });
    alice.send({ case: 'subscriptionPermission', value: new SubscriptionPermission({ trackPermissions: [rule] }) });
    expect(has(bob)).toEqual([false, false]);
    expect(has(denied)).toEqual([false, true]);
    expect(bob.all('subscriptionPermissionUpdate').map(({ allowed }) => allowed)).toEqual([false, false]);
    alice.send({ case: 'subscriptionPermission', value: new SubscriptionPermission({ allParticipants: true }) });
    expect(has(bob)).toEqual([true, true]);
    expect(bob.last('subscriptionPermissionUpdate')?.allowed).toBe(true);
  });

  it('[SG22] settings choose the layer by size or quality, and pause', async () => {
    const { alice, bob } = await pair();
    const layers = [
      new VideoLayer({ quality: VideoQuality.HIGH, width: 1280, height: 720 }),
      new VideoLayer({ quality: VideoQuality.LOW, width: 320, height: 180 }),
      new VideoLayer({ quality: VideoQuality.MEDIUM, width: 640, height: 360 }),
    ];
    alice.send(addTrack({ cid: 'cam', source: TrackSource.CAMERA, layers }));
    const sid = alice.publish('video', 'cam');
    const settings = (value: Partial<UpdateTrackSettings>) => {
      bob.send({ case: 'trackSetting', value: new UpdateTrackSettings({ trackSids: [sid], ...value }) });
      return bob.down.open(sid);
    };
    expect(settings({ width: 300, height: 169 })).toMatchObject({ maxLayer: 0, paused: false });
    expect(settings({ width: 321, height: 100 })).toMatchObject({ maxLayer: 1 });
    expect(settings({ width: 4_000, height: 3_000 })).toMatchObject({ maxLayer: 2 });
    expect(settings({ quality: VideoQuality.MEDIUM })).toMatchObject({ maxLayer: 1 });
    expect(settings({ disabled: true, quality: VideoQuality.HIGH })).toMatchObject({ maxLayer: 2, paused: true });
    expect(bob.sees('alice')?.tracks[0]?.layers.map(({ rid }) => rid)).toEqual(['q', 'h', 'f']);
  });

  it('[SG23] a viewer without the codec is told once', async () => {
    const { alice, bob } = await pair();
    bob.down.mismatch = true;
    const sid = alice.publish('video', 'cam');
    bob.offer();
    bob.offer();
    expect(bob.all('subscriptionResponse')).toMatchObject([
      { trackSid: sid, err: SubscriptionError.SE_CODEC_UNSUPPORTED },
    ]);
    expect(alice.last('trackSubscribed')).toBeUndefined();
  });
});
