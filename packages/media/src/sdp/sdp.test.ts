import { describe, expect, it } from 'vitest';
import { application, audio, CODECS, FIXTURES, fixture, sdp, sending, video } from '../connection/testing/sdp.ts';
import { NegotiationError } from '../connection/types.ts';
import { type Codec, h264Profile, matchCodecs, offeredCodecs, orderForPublisher } from './codecs.ts';
import { downlinkIds, EXTENSION_URI, mirrorExtensions, parseExtensions, uplinkIds } from './extensions.ts';
import { DEFAULT_SDP_LIMITS } from './limits.ts';
import { type MediaSection, parseDescription } from './parse.ts';

const parse = (text: string, limits = {}) => parseDescription(text, { ...DEFAULT_SDP_LIMITS, ...limits });
const media = (text: string, index: number) => parse(text).sections[index] as MediaSection;
const refused = (text: string, limits = {}) => expect(() => parse(text, limits)).toThrow(NegotiationError);
const replaced = (from: string | RegExp, to: string) =>
  sdp({ sections: [audio('0'), application('1')] }).replace(from, to);
const codecsOf = (...codecs: (typeof CODECS)[keyof typeof CODECS][]) =>
  media(sdp({ sections: [video('0', { codecs })] }), 0).codecs;
const keys = (codecs: readonly Codec[]) => codecs.map((codec) => codec.key);

describe('reading descriptions', () => {
  it.each(FIXTURES)('[PC1] reads the real offer %s', (name) => {
    const { sections, fingerprints, setup } = parse(fixture(name));
    expect(setup).toBe('actpass');
    expect(fingerprints).toHaveLength(1);
    expect(sections.every((section) => !section.rejected)).toBe(true);
    expect(sections.filter((section) => section.kind === 'application')).toHaveLength(1);
    for (const section of sections) if (section.kind !== 'application') expect(section.codecs).not.toHaveLength(0);
  });

  it('[PC1] finds track ids with braces, dashes and lone streams, and simulcast', () => {
    const published = (name: string) =>
      parse(fixture(name)).sections.filter((s): s is MediaSection => s.kind !== 'application' && s.trackId !== '');
    expect(published('firefox-single-publish').map((section) => section.trackId)).toEqual([
      expect.stringMatching(/^\{[0-9a-f-]{36}\}$/),
      expect.stringMatching(/^\{[0-9a-f-]{36}\}$/),
    ]);
    expect(published('node-single-publish').map((section) => section.streamId)).toEqual(['-', '-']);
    expect(published('node-single-publish')[0]!.rids).toEqual(['h', 'q']);
    expect(published('chromium-publisher')[1]!.rids).toEqual(['q', 'h', 'f']);
  });

  it('[PC1] pairs SSRCs with their retransmission partners, in the order of a SIM group', () => {
    const lines = ['a=ssrc:1 cname:x', 'a=ssrc:2 cname:x', 'a=ssrc:3 cname:x', 'a=ssrc:4 cname:x'];
    const groups = ['a=ssrc-group:FID 3 4', 'a=ssrc-group:SIM 3 1'];
    expect(media(sdp({ sections: [video('0', { lines: [...lines, ...groups] })] }), 0).ssrcs).toEqual([
      { ssrc: 3, rtxSsrc: 4 },
      { ssrc: 1, rtxSsrc: null },
      { ssrc: 2, rtxSsrc: null },
    ]);
  });

  it('[PC2] refuses what is above a limit', () => {
    const text = fixture('chromium-publisher');
    expect(() => parse(text, { maxLength: text.length, maxSections: 3, maxRids: 3 })).not.toThrow();
    refused(text, { maxLength: text.length - 1 });
    refused(text, { maxLines: 20 });
    refused(text, { maxLineLength: 50 });
    refused(text, { maxSections: 2 });
    refused(text, { maxPayloadTypes: 8 });
    refused(text, { maxExtensions: 8 });
    refused(text, { maxRids: 2 });
    refused(sdp({ sections: [video('0', { lines: ['a=ssrc:1 c', 'a=ssrc:2 c'] })] }), { maxSsrcs: 1 });
  });

  it('[PC3] requires bundle, rtcp-mux, ICE credentials, a fingerprint and a role', () => {
    refused(sdp({ sections: [audio('0'), video('1')], bundle: ['0'] }));
    refused(replaced('a=rtcp-mux\r\n', ''));
    refused(replaced(/a=ice-ufrag:.*\r\n/g, ''));
    refused(replaced(/a=ice-pwd:.*/g, 'a=ice-pwd:short'));
    refused(replaced(/a=fingerprint:sha-256/g, 'a=fingerprint:sha-1'));
    refused(replaced(/a=fingerprint:sha-256 AB:/g, 'a=fingerprint:sha-256 '));
    refused(replaced(/a=setup:.*/g, 'a=setup:holdconn'));
  });

  it('[PC3] a bundle-only section with port 0 is not stopped, one without is', () => {
    const sections = [audio('0'), video('1', { port: 0, lines: ['a=bundle-only'] }), video('2', { port: 0 })];
    expect(parse(sdp({ sections, bundle: ['0', '1'] })).sections.map((section) => section.rejected)).toEqual([
      false,
      false,
      true,
    ]);
  });

  it.each([
    ['empty text', ''],
    ['not SDP', 'hello'],
    ['no version first', 's=-\r\nv=0\r\n'],
    ['no section', 'v=0\r\n'],
    ['a mid twice', sdp({ sections: [audio('0'), audio('0')] })],
    ['a mid with a line break in disguise', sdp({ sections: [audio('0\u2028a=x')] })],
    ['a mid too long for its header extension', sdp({ sections: [audio('12345678901234567')] })],
    ['two data sections', sdp({ sections: [application('0'), application('1')] })],
    ['an unknown kind', replaced('m=audio', 'm=text')],
    ['media without DTLS', replaced('UDP/TLS/RTP/SAVPF', 'RTP/AVP')],
    ['a payload type above 127', replaced('SAVPF 111', 'SAVPF 128')],
    [
      'a payload type mapped twice',
      replaced('a=rtpmap:111 opus/48000/2', 'a=rtpmap:111 opus/48000/2\r\na=rtpmap:111 X/1'),
    ],
    ['an extension id twice', replaced('a=extmap:4', 'a=extmap:4 urn:a\r\na=extmap:4')],
    ['an encoding twice', sdp({ sections: [video('0', { lines: ['a=rid:q send', 'a=simulcast:send q;q'] })] })],
    ['an encoding that is not declared', sdp({ sections: [video('0', { lines: ['a=simulcast:send q'] })] })],
    ['an SSRC above 32 bits', sdp({ sections: [video('0', { lines: ['a=ssrc:4294967296 c'] })] })],
  ])('[PC4] refuses %s', (_what, text) => {
    refused(text);
  });
});

describe('codecs', () => {
  it('[PC20] keeps what we forward, with RTX and feedback, and leaves RED, FEC and tones out', () => {
    const [opus] = media(fixture('chromium-single-first'), 0).codecs;
    expect(media(fixture('chromium-single-first'), 0).codecs).toHaveLength(1);
    expect(opus).toMatchObject({ mimeType: 'audio/opus', payloadType: 111, channels: 2, transportCc: true });
    const codecs = media(fixture('chromium-single-first'), 3).codecs;
    expect(new Set(codecs.map((codec) => codec.mimeType))).toEqual(
      new Set(['video/vp8', 'video/vp9', 'video/h264', 'video/av1']),
    );
    expect(codecs[0]).toMatchObject({ payloadType: 96, rtxPayloadType: 97, nack: true, pli: true, fir: true });
    expect(media(fixture('firefox-single-first'), 3).codecs[0]).toMatchObject({
      payloadType: 120,
      rtxPayloadType: 124,
    });
  });

  it('[PC20] rebuilds format parameters from an allow-list of plain values', () => {
    const text = fixture('chromium-publisher');
    expect(text).toContain('a=fmtp:96 x-google-start-bitrate');
    expect(media(text, 2).codecs[0]!.fmtp).toBe('');
    const hostile = 'a=fmtp:111 useinbandfec=1;stereo=1 x;minptime=<b>;usedtx=\u0001;maxaveragebitrate=510000';
    expect(media(replaced(/a=fmtp:111.*/, hostile), 0).codecs[0]!.fmtp).toBe('maxaveragebitrate=510000;useinbandfec=1');
  });

  it('[PC22] takes H.264 in packetization mode 1 only', () => {
    expect(keys(codecsOf(CODECS.h264Mode0, CODECS.h264))).toEqual(['h264/constrained-baseline', 'h264/baseline']);
  });

  it('[PC21] orders by policy, constrained baseline first among H.264', () => {
    const offered = codecsOf(CODECS.vp8, CODECS.h264High, CODECS.h264Baseline, CODECS.h264);
    expect(keys(orderForPublisher('video', offered, []))).toEqual([
      'vp8',
      'h264/constrained-baseline',
      'h264/high',
      'h264/baseline',
      'h264/baseline',
    ]);
    expect(orderForPublisher('video', offered, ['video/h264', 'video/vp8'])[0]!.key).toBe('h264/constrained-baseline');
    expect(orderForPublisher('video', offered, [], 'video/h264')[0]!.key).toBe('h264/constrained-baseline');
    expect(orderForPublisher('video', offered, ['video/vp8', 'video/h264'], 'video/h264')[0]!.mimeType).toBe(
      'video/h264',
    );
    expect(keys(orderForPublisher('video', offered, ['video/vp8'], 'video/h264'))).toEqual(['vp8']);
    expect(keys(orderForPublisher('video', offered, ['video/vp8']))).toEqual(['vp8']);
    expect(orderForPublisher('video', offered, ['video/av1'])).toEqual([]);
    expect(orderForPublisher('video', offered, ['audio/opus'])).toHaveLength(5);
    // Where phones are, their codec goes before what was asked for, and the others stay for those who have it not.
    const first = ['video/h264', 'audio/opus'];
    const mimeTypes = orderForPublisher('video', offered, [], 'video/vp8', first).map(({ mimeType }) => mimeType);
    expect([...new Set(mimeTypes)]).toEqual(['video/h264', 'video/vp8']);
    expect(mimeTypes).toHaveLength(offered.length);
    expect(keys(orderForPublisher('video', offered, ['video/vp8'], '', first))).toEqual(['vp8']);
    const poor = offered.filter(({ mimeType }) => mimeType !== 'video/h264');
    expect(keys(orderForPublisher('video', poor, [], 'video/h264', first))).toEqual(keys(poor));
  });

  it('[PC24] names H.264 profiles', () => {
    expect(
      ['42e01f', '42001f', '4d001f', '640c1f', '64001f', 'f4001f', '58001f', 'zz', '42e01'].map(h264Profile),
    ).toEqual(['constrained-baseline', 'baseline', 'main', 'constrained-high', 'high', 'high444', null, null, null]);
  });

  it('[PC24] matches by bitstream: exact profile first, then one that decodes it', () => {
    const publisher = codecsOf(CODECS.vp8, CODECS.h264);
    const toChromium = matchCodecs(publisher, offeredCodecs('video'));
    expect(toChromium.map(({ payloadType }) => payloadType)).toEqual([96, 108, 102]);
    expect(toChromium[1]!.fmtp).toContain('profile-level-id=42e01f');
    expect(matchCodecs(codecsOf(CODECS.h264), codecsOf(CODECS.h264High)).map(({ payloadType }) => payloadType)).toEqual(
      [112, 112],
    );
    expect(matchCodecs(codecsOf(CODECS.h264High), codecsOf(CODECS.h264))).toEqual([]);
    expect(matchCodecs(codecsOf(CODECS.vp8), codecsOf(CODECS.h264))).toEqual([]);
  });
});

describe('header extensions', () => {
  it('[PC26] never takes the orientation of pictures, whoever offers or asks for it', () => {
    const offered = parseExtensions(['13 urn:3gpp:video-orientation'], DEFAULT_SDP_LIMITS);
    expect(offered).toEqual([]);
    expect(Object.values(EXTENSION_URI).join()).not.toContain('orientation');
  });

  it('[PC25] mirrors all that it understands, with directions turned, and drops the rest', () => {
    const offered = parseExtensions(
      [
        '4 urn:ietf:params:rtp-hdrext:sdes:mid',
        '6/recvonly http://www.webrtc.org/experiments/rtp-hdrext/playout-delay',
        '3/sendonly http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01',
        '15 urn:3gpp:video-orientation',
        '5 urn:ietf:params:rtp-hdrext:toffset',
      ],
      DEFAULT_SDP_LIMITS,
    );
    const ours = mirrorExtensions(offered);
    expect(ours).toEqual([
      { name: 'mid', id: 4, direction: 'sendrecv' },
      { name: 'playoutDelay', id: 6, direction: 'sendonly' },
      { name: 'transportCc', id: 3, direction: 'recvonly' },
    ]);
    expect(uplinkIds(ours)).toEqual({ mid: 4, transportCc: 3 });
    expect(downlinkIds(ours)).toEqual({ mid: 4, playoutDelay: 6 });
  });
});

it('[PC1] a published section keeps its msid for its own direction only', () => {
  const text = sdp({ sections: [audio('0', sending('cid-1'))] });
  expect(media(text, 0)).toMatchObject({ direction: 'sendonly', streamId: 'stream', trackId: 'cid-1' });
});
