import { describe, expect, it } from 'vitest';
import type { Uplink } from '../forward/types.ts';
import { FakeForwarder, Harness } from './testing/fakes.ts';
import { application, audio, CODECS, fixture, read, type SectionSpec, sdp, sending, video } from './testing/sdp.ts';

const slots = (...more: SectionSpec[]) =>
  sdp({ sections: [audio('0'), video('1'), video('2'), application('3'), ...more] });

/** A publisher's uplinks and a viewer on one forwarder. */
function room(codecs: SectionSpec['codecs'] = [CODECS.vp8]) {
  const forwarder = new FakeForwarder();
  const publisher = new Harness('publisher', { forwarder });
  const sections = [
    audio('0', sending('a')),
    video('1', { ...sending('v'), codecs }),
    video('2', { ...sending('w'), codecs }),
  ];
  publisher.connection.acceptOffer(sdp({ sections }), 1);
  const [microphone, camera, screen] = publisher.started.map((section) => section.uplink);
  return {
    publisher,
    microphone: microphone as Uplink,
    camera: camera as Uplink,
    screen: screen as Uplink,
    viewer: new Harness('single', { forwarder }),
    forwarder,
  };
}

const directions = (text: string) => read(text).media.map(({ direction }) => direction);

describe('downlinks on the client’s sections', () => {
  it('[PC40] binds what is subscribed before the first offer in the first answer', () => {
    const { viewer, microphone, camera, forwarder } = room();
    const subscriptions = [viewer.subscribe(microphone, 'TR_a'), viewer.subscribe(camera, 'TR_v')];
    expect(subscriptions.map(({ mid, downlink }) => [mid, downlink])).toEqual([
      [null, null],
      [null, null],
    ]);
    viewer.timers.advance(1_000);
    expect(viewer.needed).toEqual([]);
    const answer = viewer.connection.acceptOffer(slots(), 1);
    expect(directions(answer.sdp)).toEqual(['sendonly', 'sendonly', 'inactive', undefined]);
    expect(subscriptions.map(({ mid }) => mid)).toEqual(['0', '1']);
    expect(answer.midToTrackId).toEqual({ 0: 'TR_a', 1: 'TR_v' });
    expect(forwarder.downlinks.map(({ options }) => [options.mid, options.peer])).toEqual([
      ['0', 0],
      ['1', 0],
    ]);
  });

  it('[PC46] announces stream, track, SSRCs and one cname per participant', () => {
    const { viewer, microphone, camera, forwarder } = room();
    viewer.subscribe(microphone, 'TR_a', 'PA_p');
    viewer.subscribe(camera, 'TR_v', 'PA_p');
    const [sound, picture] = read(viewer.connection.acceptOffer(slots(), 1).sdp).media;
    const [down, video] = forwarder.downlinks.map(({ options }) => options);
    expect(sound!.ssrcGroups).toBeUndefined();
    expect(down!.rtxSsrc).toBeNull();
    expect(picture!.ssrcGroups![0]).toEqual({ semantics: 'FID', ssrcs: `${video!.ssrc} ${video!.rtxSsrc}` });
    expect(
      picture!.ssrcs!.filter(({ attribute }) => attribute === 'cname').map(({ id, value }) => [id, value]),
    ).toEqual([
      [video!.ssrc, 'PA_p'],
      [video!.rtxSsrc, 'PA_p'],
    ]);
    expect(sound!.ssrcs![0]).toMatchObject({ id: down!.ssrc, value: 'PA_p' });
    const text = viewer.connection.acceptOffer(slots(), 2).sdp;
    expect(text).toContain('a=msid:PA_p|TR_a TR_a\r\n');
    expect(text).toContain('a=msid:PA_p|TR_v TR_v\r\n');
    expect(new Set([down!.ssrc, video!.ssrc, video!.rtxSsrc]).size).toBe(3);
  });

  it('[PC46] gives the forwarder the viewer’s payload types and both ends’ extension ids', () => {
    const { publisher: _, viewer, camera, forwarder } = room();
    viewer.subscribe(camera);
    viewer.connection.acceptOffer(fixture('firefox-single-first'), 1);
    const { options } = forwarder.downlinks[0]!;
    expect(options.codecs.map(({ payloadType, rtxPayloadType }) => [payloadType, rtxPayloadType])).toEqual([
      [120, 124],
    ]);
    expect(options.extensions).toEqual({ mid: 3, absSendTime: 4, playoutDelay: 6 });
    expect(options.uplinkExtensions).toEqual({ mid: 4 });
  });

  it('[PC41] asks once for several changes, and only for sections that are missing', () => {
    const { viewer, microphone, camera, screen } = room();
    viewer.connection.acceptOffer(sdp({ sections: [audio('0'), video('1')] }), 1);
    viewer.subscribe(microphone);
    viewer.timers.advance(5);
    viewer.subscribe(camera);
    viewer.subscribe(screen);
    expect(viewer.needed).toEqual([]);
    viewer.timers.advance(20);
    expect(viewer.needed).toEqual([{ audios: 0, videos: 1 }]);
    const answer = viewer.connection.acceptOffer(sdp({ sections: [audio('0'), video('1'), video('2')] }), 2);
    expect(Object.keys(answer.midToTrackId)).toEqual(['0', '1', '2']);
    viewer.timers.advance(60_000);
    expect(viewer.needed).toHaveLength(1);
    expect(viewer.timers.pending).toBe(0);
  });

  it('[PC47] never asks twice for one section while its offer is on the way, and again when none comes', () => {
    const { viewer, camera, screen } = room();
    viewer.connection.acceptOffer(sdp({ sections: [audio('0')] }), 1);
    viewer.subscribe(camera);
    viewer.timers.advance(20);
    viewer.subscribe(screen);
    viewer.timers.advance(20);
    expect(viewer.needed).toEqual([
      { audios: 0, videos: 1 },
      { audios: 0, videos: 1 },
    ]);
    // An offer that left before the requests arrived changes nothing.
    viewer.connection.acceptOffer(sdp({ sections: [audio('0')] }), 2);
    viewer.timers.advance(20);
    expect(viewer.needed).toHaveLength(2);
    viewer.timers.advance(5_000);
    expect(viewer.needed.slice(2)).toEqual([{ audios: 0, videos: 0 }]);
    // The requests were lost: the next offer without the sections brings new ones.
    viewer.connection.acceptOffer(sdp({ sections: [audio('0')] }), 3);
    viewer.timers.advance(20);
    expect(viewer.needed.slice(3)).toEqual([{ audios: 0, videos: 2 }]);
  });

  it('[PC42] turns an unsubscribed section inactive first, and reuses it from the next answer on', () => {
    const { viewer, camera, screen, forwarder } = room();
    viewer.connection.acceptOffer(sdp({ sections: [video('1')] }), 1);
    const one = viewer.subscribe(camera, 'TR_1');
    viewer.connection.acceptOffer(sdp({ sections: [video('1')] }), 2);
    const before = forwarder.downlinks[0]!.options.ssrc;
    one.close();
    expect(forwarder.downlinks[0]!.closed).toBe(true);
    const two = viewer.subscribe(screen, 'TR_2');
    viewer.timers.advance(20);
    expect(viewer.needed).toEqual([{ audios: 0, videos: 0 }]);
    const drained = viewer.connection.acceptOffer(sdp({ sections: [video('1')] }), 3);
    expect(directions(drained.sdp)).toEqual(['inactive']);
    expect(drained.midToTrackId).toEqual({});
    expect(drained.sdp).not.toContain('a=ssrc');
    expect(two.mid).toBeNull();
    viewer.timers.advance(20);
    expect(viewer.needed).toHaveLength(2);
    const reused = viewer.connection.acceptOffer(sdp({ sections: [video('1')] }), 4);
    expect(directions(reused.sdp)).toEqual(['sendonly']);
    expect(reused.midToTrackId).toEqual({ 1: 'TR_2' });
    expect(forwarder.downlinks[1]!.options.ssrc).not.toBe(before);
  });

  it('[PC45] lists every downlink in every answer', () => {
    const { viewer, microphone, camera } = room();
    viewer.subscribe(microphone, 'TR_a');
    viewer.connection.acceptOffer(slots(), 1);
    viewer.subscribe(camera, 'TR_v');
    expect(viewer.connection.acceptOffer(slots(), 2).midToTrackId).toEqual({ 0: 'TR_a', 1: 'TR_v' });
    expect(viewer.connection.acceptOffer(slots(), 3).midToTrackId).toEqual({ 0: 'TR_a', 1: 'TR_v' });
  });

  it('[PC42] a section that the client takes back gives its subscription another one', () => {
    const { viewer, camera, forwarder } = room();
    const subscription = viewer.subscribe(camera);
    viewer.connection.acceptOffer(sdp({ sections: [video('1'), video('2')] }), 1);
    expect(subscription.mid).toBe('1');
    viewer.connection.acceptOffer(sdp({ sections: [video('1', sending('mine')), video('2')] }), 2);
    expect(subscription.mid).toBe('2');
    expect(forwarder.downlinks.map(({ closed }) => closed)).toEqual([true, false]);
    expect(viewer.started.map(({ mid }) => mid)).toEqual(['1']);
  });

  it('[PC42] a published section that turns around becomes a place for a downlink', () => {
    const { viewer, camera } = room();
    viewer.connection.acceptOffer(sdp({ sections: [video('1', sending('mine'))] }), 1);
    const subscription = viewer.subscribe(camera);
    viewer.connection.acceptOffer(sdp({ sections: [video('1')] }), 2);
    expect(viewer.stopped).toEqual(['1']);
    expect(subscription.mid).toBe('1');
  });

  it('[PC43] says when there is no codec in common, and does not ask for sections then', () => {
    const { viewer, camera, forwarder } = room([CODECS.h264High]);
    const subscription = viewer.subscribe(camera);
    const answer = viewer.connection.acceptOffer(sdp({ sections: [video('1', { codecs: [CODECS.h264] })] }), 1);
    expect(subscription.codecMismatch).toBe(true);
    expect(subscription.downlink).toBeNull();
    expect(directions(answer.sdp)).toEqual(['inactive']);
    expect(forwarder.downlinks).toEqual([]);
    viewer.timers.advance(60_000);
    expect(viewer.needed).toEqual([]);
  });

  it('[PC43] says so too when the packets are of a codec that the viewer has not', () => {
    const { viewer, camera } = room([CODECS.h264, CODECS.vp8]);
    const subscription = viewer.subscribe(camera);
    viewer.connection.acceptOffer(sdp({ sections: [video('1')] }), 1);
    expect(subscription.codecMismatch).toBe(false);
    (camera as { mimeType: string | null }).mimeType = 'video/h264';
    expect(subscription.codecMismatch).toBe(true);
  });

  it('[PC44] sends nothing until connected, nor after the connection failed', () => {
    const { viewer, camera, forwarder } = room();
    const subscription = viewer.subscribe(camera);
    viewer.connection.acceptOffer(slots(), 1);
    const [downlink] = forwarder.downlinks;
    expect(downlink!.paused).toBe(true);
    viewer.setState('checking');
    expect(downlink!.paused).toBe(true);
    viewer.setState('connected');
    expect(downlink!.paused).toBe(false);
    viewer.setState('disconnected');
    expect(downlink!.paused).toBe(false);
    viewer.setState('failed');
    expect(downlink!.paused).toBe(true);
    viewer.setState('connected');
    subscription.setPaused(true);
    expect(downlink!.paused).toBe(true);
    expect(viewer.states).toEqual(['checking', 'connected', 'disconnected', 'failed', 'connected']);
  });

  it('[PC48] keeps what was set before the downlink existed', () => {
    const { viewer, camera, forwarder } = room();
    const subscription = viewer.subscribe(camera);
    subscription.setMaxLayer(0);
    subscription.setPaused(true);
    viewer.setState('connected');
    viewer.connection.acceptOffer(slots(), 1);
    expect(forwarder.downlinks[0]).toMatchObject({ maxLayer: 0, paused: true });
  });

  it('[PC49] a publication that ended meanwhile fails no description', () => {
    const { viewer, camera, microphone } = room();
    const gone = viewer.subscribe(camera);
    const stays = viewer.subscribe(microphone);
    camera.close();
    viewer.connection.acceptOffer(slots(), 1);
    expect([gone.mid, stays.mid]).toEqual([null, '0']);
  });

  it('[PC46] refuses ids that could write lines of their own', () => {
    const { viewer, camera } = room();
    expect(() => viewer.subscribe(camera, 'TR\r\na=x')).toThrow('unsafe');
    expect(() => viewer.subscribe(camera, 'TR', 'PA x')).toThrow('unsafe');
  });

  it('[PC70] close ends channels, downlinks and the peer, and nothing is told afterwards', () => {
    const { viewer, camera, forwarder } = room();
    viewer.subscribe(camera);
    viewer.connection.acceptOffer(slots(video('4', sending('mine'))), 1);
    viewer.setState('connected');
    viewer.connection.close();
    viewer.connection.close();
    expect(forwarder.downlinks[0]!.closed).toBe(true);
    expect(viewer.channels.closed).toBe(true);
    expect(forwarder.closedPeers).toEqual([0]);
    expect(viewer.transport.closed).toEqual([0]);
    viewer.setState('failed');
    viewer.timers.advance(60_000);
    expect([viewer.states, viewer.needed, viewer.stopped]).toEqual([['connected'], [], []]);
    expect(viewer.connection.state).toBe('closed');
    expect(viewer.connection.sendData('reliable', new Uint8Array(1))).toBe(false);
  });
});
