import { describe, expect, it } from 'vitest';
import type { Uplink } from '../forward/types.ts';
import { DEFAULT_SDP_LIMITS } from '../sdp/limits.ts';
import { FakeForwarder, Harness } from './testing/fakes.ts';
import { acceptAll, audio, CODECS, read, sdp, sending, video } from './testing/sdp.ts';
import { NegotiationError } from './types.ts';

function room(codecs = [CODECS.vp8] as (typeof CODECS)[keyof typeof CODECS][]) {
  const forwarder = new FakeForwarder();
  const publisher = new Harness('publisher', { forwarder });
  const sections = [audio('0', sending('a')), video('1', { ...sending('v'), codecs })];
  publisher.connection.acceptOffer(sdp({ sections }), 1);
  const [microphone, camera] = publisher.started.map((section) => section.uplink);
  const viewer = new Harness('subscriber', { forwarder });
  const offer = () => viewer.connection.createOffer()!;
  return { microphone: microphone as Uplink, camera: camera as Uplink, viewer, forwarder, offer };
}

describe('offers to a viewer', () => {
  it('[PC50] the first offer has the data section and what is subscribed by then', () => {
    const { viewer, microphone, offer } = room();
    viewer.subscribe(microphone, 'TR_a');
    const { type, sdp: text, id, midToTrackId } = offer();
    const parsed = read(text);
    expect([type, id, midToTrackId]).toEqual(['offer', 1, { 1: 'TR_a' }]);
    expect(parsed.media.map(({ type, mid, setup }) => [type, mid, setup])).toEqual([
      ['application', '0', 'actpass'],
      ['audio', '1', 'actpass'],
    ]);
    expect(parsed.icelite).toBe('ice-lite');
    expect(parsed.groups![0]!.mids).toBe('0 1');
    expect(parsed.media[1]).toMatchObject({ direction: 'sendonly', codecs: ['opus/111'] });
  });

  it('[PC50] offers every codec that is forwarded, each payload type once', () => {
    const { viewer, camera, offer } = room();
    viewer.subscribe(camera);
    const { rtp } = read(offer().sdp).media[1]!;
    expect(new Set(rtp.map(({ codec }) => codec))).toEqual(new Set(['VP8', 'H264', 'VP9', 'AV1', 'H265', 'rtx']));
    expect(new Set(rtp.map(({ payload }) => payload)).size).toBe(rtp.length);
  });

  it('[PC52] binds downlinks when the answer comes, with what the viewer took', () => {
    const { viewer, camera, offer, forwarder } = room();
    const subscription = viewer.subscribe(camera, 'TR_v');
    const { sdp: text, id } = offer();
    expect(forwarder.downlinks).toEqual([]);
    viewer.connection.acceptAnswer(acceptAll(text), id);
    expect(viewer.transport.remotes).toEqual([
      expect.objectContaining({ role: 'server', ice: expect.objectContaining({ usernameFragment: 'Viewer' }) }),
    ]);
    const { options } = forwarder.downlinks[0]!;
    expect(text).toContain(`a=ssrc-group:FID ${options.ssrc} ${options.rtxSsrc}\r\n`);
    expect(options).toMatchObject({ mid: '1', extensions: { mid: 4, absSendTime: 2 } });
    expect(options.codecs.map(({ payloadType, rtxPayloadType }) => [payloadType, rtxPayloadType])).toEqual([[96, 97]]);
    expect([subscription.mid, subscription.codecMismatch]).toEqual(['1', false]);
  });

  it('[PC51] one offer at a time; what changed meanwhile is told after the answer', () => {
    const { viewer, microphone, camera, offer } = room();
    viewer.subscribe(microphone, 'TR_a');
    viewer.timers.advance(20);
    expect(viewer.needed).toEqual([{ audios: 0, videos: 0 }]);
    const first = offer();
    viewer.subscribe(camera, 'TR_v');
    viewer.timers.advance(20);
    expect(viewer.connection.createOffer()).toBeNull();
    expect(viewer.needed).toHaveLength(1);
    viewer.connection.acceptAnswer(acceptAll(first.sdp), first.id);
    viewer.timers.advance(20);
    expect(viewer.needed).toHaveLength(2);
    const second = offer();
    expect(read(second.sdp).media.map(({ mid }) => mid)).toEqual(['0', '1', '2']);
    expect(second.midToTrackId).toEqual({ 1: 'TR_a', 2: 'TR_v' });
    viewer.connection.acceptAnswer(acceptAll(second.sdp), second.id);
    viewer.timers.advance(60_000);
    expect(viewer.needed).toHaveLength(2);
    expect(viewer.timers.pending).toBe(0);
  });

  it('[PC42] an unsubscribed section turns inactive and is reused after that', () => {
    const { viewer, camera, offer } = room();
    const negotiate = () => {
      const { sdp: text, id } = offer();
      viewer.connection.acceptAnswer(acceptAll(text), id);
      return read(text).media.map(({ mid, direction }) => [mid, direction]);
    };
    const one = viewer.subscribe(camera, 'TR_1');
    negotiate();
    one.close();
    viewer.timers.advance(20);
    expect(viewer.needed).toHaveLength(1);
    expect(negotiate()).toEqual([
      ['0', undefined],
      ['1', 'inactive'],
    ]);
    viewer.subscribe(camera, 'TR_2');
    expect(negotiate()).toEqual([
      ['0', undefined],
      ['1', 'sendonly'],
    ]);
  });

  it('[PC53] ignores answers to other offers; one without a number belongs to the offer under way', () => {
    const { viewer, camera, offer, forwarder } = room();
    viewer.subscribe(camera);
    const { sdp: text, id } = offer();
    viewer.connection.acceptAnswer(acceptAll(text), id + 1);
    expect(viewer.transport.remotes).toEqual([]);
    viewer.connection.acceptAnswer(acceptAll(text), 0);
    expect(forwarder.downlinks).toHaveLength(1);
    viewer.connection.acceptAnswer(acceptAll(text), id);
    expect(forwarder.downlinks).toHaveLength(1);
  });

  it('[PC53] a hostile answer changes nothing, and the right one still counts', () => {
    const { viewer, camera, offer, forwarder } = room();
    viewer.subscribe(camera);
    const { sdp: text, id } = offer();
    const good = acceptAll(text);
    for (const bad of ['', good.replace('a=mid:1', 'a=mid:7'), text, good.replace(/a=fingerprint.*\r\n/g, '')]) {
      expect(() => viewer.connection.acceptAnswer(bad, id)).toThrow(NegotiationError);
    }
    expect([viewer.transport.remotes, forwarder.downlinks]).toEqual([[], []]);
    viewer.connection.acceptAnswer(good, id);
    expect(forwarder.downlinks).toHaveLength(1);
  });

  it('[PC54] an ICE restart takes the place of an offer under way', () => {
    const { viewer, camera, microphone, offer, forwarder } = room();
    viewer.subscribe(camera);
    const first = offer();
    viewer.connection.acceptAnswer(acceptAll(first.sdp), first.id);
    viewer.subscribe(microphone);
    const lost = offer();
    const restart = viewer.connection.createOffer({ iceRestart: true })!;
    expect(read(lost.sdp).media[0]!.iceUfrag).toBe('w0local0');
    expect(read(restart.sdp).media[0]!.iceUfrag).toBe('w0local1');
    viewer.connection.acceptAnswer(acceptAll(lost.sdp), lost.id);
    expect(forwarder.downlinks).toHaveLength(1);
    viewer.connection.acceptAnswer(acceptAll(restart.sdp).replaceAll('Viewer', 'Moved'), restart.id);
    expect(viewer.transport.remotes.at(-1)!.ice.usernameFragment).toBe('Moved');
    expect(forwarder.downlinks).toHaveLength(2);
    const next = offer();
    expect(read(next.sdp).media[0]!.iceUfrag).toBe('w0local1');
  });

  it('[PC55] a viewer that refuses a section is not offered it for ever', () => {
    const { viewer, camera, offer, forwarder } = room();
    const subscription = viewer.subscribe(camera);
    viewer.timers.advance(20);
    const { sdp: text, id } = offer();
    viewer.connection.acceptAnswer(acceptAll(text, 'inactive'), id);
    expect([subscription.codecMismatch, subscription.mid, forwarder.downlinks.length]).toEqual([true, null, 0]);
    viewer.timers.advance(20);
    const second = offer();
    expect(read(second.sdp).media[1]!.direction).toBe('inactive');
    viewer.connection.acceptAnswer(acceptAll(second.sdp), second.id);
    viewer.timers.advance(60_000);
    expect(viewer.needed).toHaveLength(2);
  });

  it('[PC55] a viewer without the codec leaves a mismatch', () => {
    const { viewer, camera, offer, forwarder } = room([CODECS.h264High]);
    const subscription = viewer.subscribe(camera);
    const { sdp: text, id } = offer();
    const vp8Only = acceptAll(text)
      .replace(/(m=video 9 \S+) .*/, '$1 96')
      .replace(/a=(rtpmap|fmtp|rtcp-fb):(?!96 |111 )\d+ .*\r\n/g, '');
    viewer.connection.acceptAnswer(vp8Only, id);
    expect([subscription.codecMismatch, forwarder.downlinks.length]).toEqual([true, 0]);
  });

  it('[PC56] an offer without an answer is asked for again', () => {
    const { viewer, camera, offer } = room();
    viewer.subscribe(camera);
    viewer.timers.advance(20);
    const lost = offer();
    viewer.timers.advance(5_020);
    expect(viewer.needed).toHaveLength(2);
    const again = offer();
    expect(again.id).toBe(lost.id + 1);
    expect(again.midToTrackId).toEqual(lost.midToTrackId);
  });

  it('[PC50] the other roles make no offers, and a publisher no subscriptions', () => {
    const { camera } = room();
    for (const role of ['single', 'publisher'] as const) expect(new Harness(role).connection.createOffer()).toBeNull();
    expect(() => new Harness('publisher').subscribe(camera)).toThrow();
  });

  it('[PC55] subscriptions above the limit of sections wait without offers for ever', () => {
    const forwarder = new FakeForwarder();
    const publisher = new Harness('publisher', { forwarder });
    publisher.connection.acceptOffer(sdp({ sections: [audio('0', sending('a')), video('1', sending('v'))] }), 1);
    const limits = { sdp: { ...DEFAULT_SDP_LIMITS, maxSections: 2 } };
    const viewer = new Harness('subscriber', { forwarder, limits });
    const [first, second] = publisher.started.map(({ uplink }) => viewer.subscribe(uplink));
    viewer.timers.advance(20);
    const { sdp: text, id } = viewer.connection.createOffer()!;
    viewer.connection.acceptAnswer(acceptAll(text), id);
    expect([first!.mid, second!.mid]).toEqual(['1', null]);
    viewer.timers.advance(60_000);
    expect(viewer.needed).toHaveLength(1);
  });
});
