import { describe, expect, it } from 'vitest';
import { DEFAULT_CONNECTION_LIMITS } from './limits.ts';
import { Harness } from './testing/fakes.ts';
import { application, audio, CODECS, FIXTURES, fixture, read, sdp, sending, video } from './testing/sdp.ts';
import { NegotiationError } from './types.ts';
import { layersOf } from './uplinks.ts';

const first = sdp({ sections: [audio('0'), video('1'), application('2')] });

describe('answers', () => {
  it.each(FIXTURES)('[PC10] answers %s with every section in order, bundled, ICE-lite', (name) => {
    const { connection } = new Harness(name.includes('publisher') ? 'publisher' : 'single');
    const offer = read(fixture(name));
    const { type, sdp: text } = connection.acceptOffer(fixture(name), 7);
    const answer = read(text);
    expect(type).toBe('answer');
    expect(answer.icelite).toBe('ice-lite');
    expect(answer.media.map(({ type, mid }) => [type, mid])).toEqual(offer.media.map(({ type, mid }) => [type, mid]));
    expect(answer.groups![0]!.mids).toBe(offer.groups![0]!.mids);
    for (const [i, media] of answer.media.entries()) {
      expect(media.port).toBe(9);
      expect(media.setup).toBe('passive');
      expect(media.iceUfrag).toBe('w0local0');
      expect(media.candidates?.length ?? 0).toBe(i === 0 ? 2 : 0);
      expect(media.endOfCandidates !== undefined).toBe(i === 0);
      expect(media.type === 'application' || media.rtcpMux === 'rtcp-mux').toBe(true);
      const offered = new Set(offer.media[i]!.rtp.map((rtp) => `${rtp.codec}/${rtp.payload}`));
      expect(media.codecs.filter((codec) => !offered.has(codec))).toEqual([]);
    }
    expect(answer.media[0]!.candidates![1]).toMatchObject({ transport: 'tcp', tcptype: 'passive', ip: '2001:db8::1' });
    expect(text).not.toMatch(/goog-remb|\bred\/|x-google/);
  });

  it('[PC16] carries the id of its offer and a version that rises', () => {
    const { connection } = new Harness('single');
    const one = connection.acceptOffer(first, 3);
    const two = connection.acceptOffer(first, 4);
    expect([one.id, two.id]).toEqual([3, 4]);
    expect(read(one.sdp).origin.sessionVersion).toBe(1);
    expect(read(two.sdp).origin).toMatchObject({ sessionId: read(one.sdp).origin.sessionId, sessionVersion: 2 });
  });

  it.each([
    ['actpass', 'passive', 'server'],
    ['active', 'passive', 'server'],
    ['passive', 'active', 'client'],
  ] as const)('[PC11] answers setup %s with %s', (offered, answered, role) => {
    const { connection, transport } = new Harness('single');
    const answer = connection.acceptOffer(sdp({ sections: [application('0')], setup: offered }), 1);
    expect(read(answer.sdp).media[0]!.setup).toBe(answered);
    expect(transport.remotes[0]!.role).toBe(role);
    const again = connection.acceptOffer(sdp({ sections: [application('0')], setup: 'actpass' }), 2);
    expect(read(again.sdp).media[0]!.setup).toBe(answered);
  });

  it('[PC12] refuses descriptions that do not continue the table, and changes nothing', () => {
    const h = new Harness('single');
    h.connection.acceptOffer(first, 1);
    const broken = [
      sdp({ sections: [audio('0'), video('1')] }),
      sdp({ sections: [video('1'), audio('0'), application('2')] }),
      sdp({ sections: [audio('0'), audio('1'), application('2')] }),
      sdp({ sections: [audio('9'), video('1'), application('2')] }),
    ];
    for (const text of broken) expect(() => h.connection.acceptOffer(text, 2)).toThrow(NegotiationError);
    expect(h.transport.remotes).toHaveLength(1);
    const answer = read(h.connection.acceptOffer(first, 2).sdp);
    expect(answer.origin.sessionVersion).toBe(2);
    expect(answer.media.map(({ mid }) => mid)).toEqual(['0', '1', '2']);
  });

  it('[PC12] a stopped section may be replaced by a new one in its place', () => {
    const h = new Harness('single');
    h.connection.acceptOffer(sdp({ sections: [audio('0'), video('1', sending('v'))] }), 1);
    const stopped = read(h.connection.acceptOffer(sdp({ sections: [audio('0'), video('1', { port: 0 })] }), 2).sdp);
    expect(stopped.media[1]).toMatchObject({ mid: '1', port: 0 });
    expect(stopped.groups![0]!.mids).toBe(0);
    expect(h.stopped).toEqual(['1']);
    h.connection.acceptOffer(sdp({ sections: [audio('0'), video('5', sending('w'))] }), 3);
    expect(h.started.map(({ mid, trackId }) => [mid, trackId])).toEqual([
      ['1', 'v'],
      ['5', 'w'],
    ]);
  });

  it('[PC13] answers an ICE restart with fresh credentials, and nothing else with fresh ones', () => {
    const { connection, transport } = new Harness('single');
    connection.acceptOffer(first, 1);
    expect(read(connection.acceptOffer(first, 2).sdp).media[0]!.iceUfrag).toBe('w0local0');
    expect(transport.remotes).toHaveLength(1);
    const sections = [audio('0'), video('1'), application('2')];
    const restarted = sdp({ sections, ufrag: 'Other' });
    expect(read(connection.acceptOffer(restarted, 3).sdp).media[0]!.iceUfrag).toBe('w0local1');
    expect(transport.remotes[1]).toMatchObject({ ice: { usernameFragment: 'Other' }, role: 'server' });
    expect(read(connection.acceptOffer(restarted, 4).sdp).media[0]!.iceUfrag).toBe('w0local1');
    expect(transport.remotes).toHaveLength(2);
  });

  it('[PC14] refuses another fingerprint or role', () => {
    const { connection, transport } = new Harness('single');
    connection.acceptOffer(first, 1);
    const sections = [audio('0'), video('1'), application('2')];
    const other = sdp({ sections, ufrag: 'Other', fingerprint: Array(32).fill('CD').join(':') });
    expect(() => connection.acceptOffer(other, 2)).toThrow('fingerprint');
    expect(() => connection.acceptOffer(sdp({ sections, setup: 'passive' }), 2)).toThrow('role');
    expect(transport.remotes).toHaveLength(1);
  });

  it('[PC15] stops a section with no codec of ours and keeps the rest', () => {
    const { connection } = new Harness('single');
    const sections = [audio('0'), video('1', { codecs: [CODECS.unknown] }), application('2')];
    const answer = read(connection.acceptOffer(sdp({ sections }), 1).sdp);
    expect(answer.media.map(({ port }) => port)).toEqual([9, 0, 9]);
    expect(answer.groups![0]!.mids).toBe('0 2');
  });

  it('[PC10] takes no offers as a subscriber, and none when closed', () => {
    const subscriber = new Harness('subscriber');
    expect(() => subscriber.connection.acceptOffer(first, 1)).toThrow(NegotiationError);
    const closed = new Harness('single');
    closed.connection.close();
    expect(() => closed.connection.acceptOffer(first, 1)).toThrow(NegotiationError);
  });
});

describe('publications', () => {
  it('[PC30] starts an uplink for each sending section', () => {
    const h = new Harness('single');
    const answer = read(h.connection.acceptOffer(fixture('chromium-single-publish'), 1).sdp);
    expect(h.started.map(({ mid, kind, mimeType }) => [mid, kind, mimeType])).toEqual([
      ['7', 'audio', 'audio/opus'],
      ['8', 'video', 'video/vp8'],
    ]);
    expect(answer.media.map((media) => media.direction)).toEqual([
      ...Array(6).fill('inactive'),
      undefined,
      'recvonly',
      'recvonly',
    ]);
    const [microphone, camera] = h.forwarder.uplinks;
    expect(microphone!.options).toMatchObject({ mid: '7', rids: [], ssrcs: [{ rtxSsrc: null }] });
    expect(camera!.options).toMatchObject({
      peer: 0,
      mid: '8',
      rids: ['q', 'h', 'f'],
      extensions: { mid: 4, rid: 10, repairedRid: 11, transportCc: 3 },
    });
    expect(camera!.options.codecs[0]).toEqual({
      payloadType: 96,
      mimeType: 'video/vp8',
      clockRate: 90_000,
      fmtp: '',
      rtxPayloadType: 97,
      nack: true,
      pli: true,
    });
    expect(answer.media[8]).toMatchObject({ simulcast: { dir1: 'recv', list1: 'q;h;f' } });
    expect(answer.media[8]!.rids!.map(({ id, direction }) => [id, direction])).toEqual([
      ['q', 'recv'],
      ['h', 'recv'],
      ['f', 'recv'],
    ]);
  });

  it('[PC31] stops it when the section no longer sends, though the msid lingers', () => {
    const h = new Harness('single');
    h.connection.acceptOffer(fixture('chromium-single-publish'), 1);
    const answer = read(h.connection.acceptOffer(fixture('chromium-single-unpublish'), 2).sdp);
    expect(h.stopped).toEqual(['8']);
    expect(h.forwarder.uplinks.map(({ closed }) => closed)).toEqual([false, true]);
    expect(answer.media[8]!.direction).toBe('inactive');
    expect(answer.media[8]!.simulcast).toBeUndefined();
  });

  it('[PC32] another track on the same mid stops the one and starts the other', () => {
    const h = new Harness('publisher');
    h.connection.acceptOffer(sdp({ sections: [video('0', sending('one'))] }), 1);
    h.connection.acceptOffer(sdp({ sections: [video('0', sending('two'))] }), 2);
    expect(h.stopped).toEqual(['0']);
    expect(h.started.map(({ trackId }) => trackId)).toEqual(['one', 'two']);
    expect(h.forwarder.uplinks.map(({ closed }) => closed)).toEqual([true, false]);
  });

  it('[PC33] the same track keeps its uplink, which learns what was renegotiated', () => {
    const h = new Harness('publisher');
    h.connection.acceptOffer(sdp({ sections: [video('0', sending('one'))] }), 1);
    const more = { ...sending('one'), codecs: [CODECS.vp8, CODECS.h264] };
    h.connection.acceptOffer(sdp({ sections: [video('0', more)] }), 2);
    expect(h.started).toHaveLength(1);
    expect(h.stopped).toEqual([]);
    expect(h.forwarder.uplinks[0]!.updates.at(-1)!.codecs.map(({ payloadType }) => payloadType)).toEqual([
      96, 108, 102,
    ]);
  });

  it('[PC34] orders LiveKit encodings lowest first, whatever their order in SDP; others as they stand', () => {
    expect(layersOf(['f', 'h', 'q'])).toEqual(['q', 'h', 'f']);
    expect(layersOf(['h', 'q'])).toEqual(['q', 'h']);
    expect(layersOf(['lo', 'hi'])).toEqual(['lo', 'hi']);
    const h = new Harness('single');
    const answer = read(h.connection.acceptOffer(fixture('node-single-publish'), 0).sdp);
    expect(h.forwarder.uplinks[0]!.options.rids).toEqual(['q', 'h']);
    expect(answer.media[7]!.simulcast!.list1).toBe('h;q');
  });

  it('[PC34] takes no simulcast without the extensions that tell encodings apart', () => {
    const h = new Harness('publisher');
    const lines = ['a=msid:s t', 'a=rid:q send', 'a=rid:h send', 'a=simulcast:send q;h'];
    const answer = h.connection.acceptOffer(sdp({ sections: [video('0', { direction: 'sendonly', lines })] }), 1);
    expect(h.forwarder.uplinks[0]!.options.rids).toEqual([]);
    expect(answer.sdp).not.toContain('simulcast');
  });

  it('[PC35] refuses more published tracks than the limit', () => {
    const h = new Harness('publisher', { limits: { ...DEFAULT_CONNECTION_LIMITS, maxUplinks: 1 } });
    const sections = [audio('0', sending('a')), video('1', sending('v'))];
    expect(() => h.connection.acceptOffer(sdp({ sections }), 1)).toThrow(NegotiationError);
    expect(h.started).toEqual([]);
  });

  it('[PC36] refuses an extension that changes its id under a running track', () => {
    const h = new Harness('publisher');
    const offer = sdp({ sections: [video('0', sending('one'))] });
    h.connection.acceptOffer(offer, 1);
    expect(() => h.connection.acceptOffer(offer.replace('a=extmap:4 ', 'a=extmap:5 '), 2)).toThrow('changed its id');
    expect(h.forwarder.uplinks[0]!.updates).toEqual([]);
  });

  it('[PC21] the policy decides what is answered; a section with none of it stays, inactive', () => {
    const h = new Harness('publisher', { policy: { publish: ['video/h264', 'audio/opus'] } });
    const sections = [video('0', { ...sending('a'), codecs: [CODECS.vp8, CODECS.h264] }), video('1', sending('b'))];
    const answer = read(h.connection.acceptOffer(sdp({ sections }), 1).sdp);
    expect(answer.media[0]!.codecs).toEqual(['H264/108', 'H264/102']);
    expect(answer.media[1]).toMatchObject({ port: 9, direction: 'inactive' });
    expect(h.started.map(({ mid, mimeType }) => [mid, mimeType])).toEqual([['0', 'video/h264']]);
  });

  it('[PC27] what everybody can take is answered first; who has it not sends another codec', () => {
    const h = new Harness('publisher');
    h.wanted = () => ({ mimeType: 'video/vp8', first: ['video/h264'], opus: { stereo: false, dtx: false } });
    const sections = [
      video('0', { ...sending('a'), codecs: [CODECS.vp8, CODECS.h264] }),
      video('1', { ...sending('b'), codecs: [CODECS.vp8] }),
    ];
    const answer = read(h.connection.acceptOffer(sdp({ sections }), 1).sdp);
    expect(answer.media.map(({ codecs }) => codecs[0])).toEqual(['H264/108', 'VP8/96']);
    expect(h.started.map(({ mid, mimeType }) => [mid, mimeType])).toEqual([
      ['0', 'video/h264'],
      ['1', 'video/vp8'],
    ]);
  });

  it('[PC26] never answers the orientation of pictures', () => {
    const { connection } = new Harness('single');
    expect(fixture('chromium-single-first')).toContain('urn:3gpp:video-orientation');
    expect(connection.acceptOffer(fixture('chromium-single-first'), 1).sdp).not.toContain('orientation');
  });

  it('[PC23] asks for Opus as the client said it sends it, else as offered', () => {
    const h = new Harness('publisher');
    const codecs = [
      { formats: '111', lines: ['a=rtpmap:111 opus/48000/2', 'a=fmtp:111 stereo=1;useinbandfec=1;minptime=10'] },
    ];
    h.wanted = (trackId) =>
      trackId === 'known' ? { mimeType: 'audio/opus', opus: { stereo: false, dtx: true } } : null;
    const sections = [audio('0', { ...sending('known'), codecs }), audio('1', { ...sending('other'), codecs })];
    const answer = read(h.connection.acceptOffer(sdp({ sections }), 1).sdp);
    expect(answer.media.map(({ fmtp }) => fmtp[0]!.config)).toEqual([
      'minptime=10;useinbandfec=1;usedtx=1',
      'minptime=10;stereo=1;useinbandfec=1',
    ]);
  });

  it('[PC25] unused sections keep the publisher’s extensions, since later offers are made from them', () => {
    const { connection } = new Harness('single');
    const answer = read(connection.acceptOffer(fixture('chromium-single-first'), 1).sdp);
    const uris = answer.media[3]!.ext!.map(({ uri }) => uri);
    expect(uris).toContain('urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id');
    expect(uris).toContain('http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01');
  });
});
