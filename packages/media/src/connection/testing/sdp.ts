/** Descriptions for tests: real ones from the fixtures, and built ones. Answers are read back with sdp-transform. */
import { readFileSync } from 'node:fs';
import { parse } from 'sdp-transform';

/** A captured description; see `sdp/fixtures`. */
export function fixture(name: string): string {
  return readFileSync(new URL(`../../sdp/fixtures/${name}.sdp`, import.meta.url), 'utf8');
}

export const FIXTURES = [
  'chromium-single-first',
  'chromium-single-publish',
  'chromium-single-unpublish',
  'chromium-publisher',
  'firefox-single-first',
  'firefox-single-publish',
  'firefox-single-unpublish',
  'firefox-publisher',
  'node-single-first',
  'node-single-publish',
  'node-publisher-publish',
] as const;

const VP8 = ['a=rtpmap:96 VP8/90000', 'a=rtcp-fb:96 nack', 'a=rtcp-fb:96 nack pli', 'a=rtcp-fb:96 transport-cc'];
const H264 = (pt: number, id: string, mode = 1) => [
  `a=rtpmap:${pt} H264/90000`,
  `a=fmtp:${pt} level-asymmetry-allowed=1;packetization-mode=${mode};profile-level-id=${id}`,
  `a=rtcp-fb:${pt} nack pli`,
];

export const CODECS = {
  opus: { formats: '111', lines: ['a=rtpmap:111 opus/48000/2', 'a=fmtp:111 minptime=10;useinbandfec=1'] },
  vp8: { formats: '96 97', lines: [...VP8, 'a=rtpmap:97 rtx/90000', 'a=fmtp:97 apt=96'] },
  h264: { formats: '108 102', lines: [...H264(102, '42001f'), ...H264(108, '42e01f')] },
  h264Baseline: { formats: '120', lines: H264(120, '42001f') },
  h264High: { formats: '112', lines: H264(112, '64001f') },
  h264Mode0: { formats: '110', lines: H264(110, '42e01f', 0) },
  unknown: { formats: '99', lines: ['a=rtpmap:99 theora/90000'] },
} as const;

export interface SectionSpec {
  readonly kind: 'audio' | 'video' | 'application';
  readonly mid: string;
  readonly direction?: 'sendrecv' | 'sendonly' | 'recvonly' | 'inactive';
  readonly codecs?: readonly { readonly formats: string; readonly lines: readonly string[] }[];
  readonly lines?: readonly string[];
  readonly port?: number;
}

export interface DescriptionSpec {
  readonly sections: readonly SectionSpec[];
  readonly ufrag?: string;
  readonly setup?: string;
  readonly fingerprint?: string;
  readonly bundle?: readonly string[];
}

export const FINGERPRINT = Array(32).fill('AB').join(':');

/** Builds a description the way a browser would write it. */
export function sdp(spec: DescriptionSpec): string {
  const bundle = spec.bundle ?? spec.sections.filter(({ port }) => port !== 0).map(({ mid }) => mid);
  const lines = ['v=0', 'o=- 1 2 IN IP4 127.0.0.1', 's=-', 't=0 0', `a=group:BUNDLE ${bundle.join(' ')}`];
  for (const section of spec.sections) {
    const codecs = section.codecs ?? [section.kind === 'audio' ? CODECS.opus : CODECS.vp8];
    const data = section.kind === 'application';
    const formats = data ? 'webrtc-datachannel' : codecs.map((codec) => codec.formats).join(' ');
    lines.push(
      `m=${section.kind} ${section.port ?? 9} UDP/${data ? 'DTLS/SCTP' : 'TLS/RTP/SAVPF'} ${formats}`,
      'c=IN IP4 0.0.0.0',
      `a=mid:${section.mid}`,
      `a=ice-ufrag:${spec.ufrag ?? 'Frag'}`,
      'a=ice-pwd:PasswordPasswordPassword',
      `a=fingerprint:sha-256 ${spec.fingerprint ?? FINGERPRINT}`,
      `a=setup:${spec.setup ?? 'actpass'}`,
    );
    if (data) lines.push('a=sctp-port:5000', 'a=max-message-size:262144');
    else {
      lines.push(
        'a=rtcp-mux',
        `a=${section.direction ?? 'recvonly'}`,
        'a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid',
      );
      lines.push(...codecs.flatMap((codec) => codec.lines));
    }
    lines.push(...(section.lines ?? []));
  }
  return `${lines.join('\r\n')}\r\n`;
}

export const audio = (mid: string, more: Partial<SectionSpec> = {}): SectionSpec => ({ kind: 'audio', mid, ...more });
export const video = (mid: string, more: Partial<SectionSpec> = {}): SectionSpec => ({ kind: 'video', mid, ...more });
export const application = (mid: string): SectionSpec => ({ kind: 'application', mid });
/** A section that publishes a track. */
export const sending = (trackId: string): Partial<SectionSpec> => ({
  direction: 'sendonly',
  lines: [`a=msid:stream ${trackId}`],
});

/** The answer of a viewer who takes everything that the offer has. */
export function acceptAll(offer: string, direction: 'recvonly' | 'inactive' = 'recvonly'): string {
  return offer
    .split('\r\n')
    .filter((line) => !/^a=(ice-lite|msid|ssrc|ssrc-group|candidate|end-of-candidates)/.test(line))
    .map((line) => (line === 'a=sendonly' ? `a=${direction}` : line))
    .map((line) => (line === 'a=setup:actpass' ? 'a=setup:active' : line))
    .map((line) => (line.startsWith('a=ice-ufrag:') ? 'a=ice-ufrag:Viewer' : line))
    .join('\r\n');
}

/** What a section of ours says, as an independent reader sees it. */
export function read(text: string) {
  const parsed = parse(text);
  return {
    ...parsed,
    media: parsed.media.map((media) => ({
      ...media,
      mid: String(media.mid),
      codecs: media.rtp.map((rtp) => `${rtp.codec}/${rtp.payload}`),
    })),
  };
}
