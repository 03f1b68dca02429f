/** What a first byte says the codec is, for a sentence that its sender understands. */

const audioFormats: Readonly<Record<number, string>> = {
  0: 'PCM',
  1: 'ADPCM',
  2: 'MP3',
  3: 'PCM',
  4: 'Nellymoser',
  5: 'Nellymoser',
  6: 'Nellymoser',
  7: 'G.711 A-law',
  8: 'G.711 mu-law',
  11: 'Speex',
  14: 'MP3',
  15: 'device-specific sound',
};

const videoCodecs: Readonly<Record<number, string>> = {
  1: 'JPEG',
  2: 'H.263',
  3: 'screen video',
  4: 'VP6',
  5: 'VP6 with alpha',
  6: 'screen video 2',
  12: 'HEVC',
  13: 'AV1',
};

/** The codec of an audio body that is not AAC (FLV 10.1 annex E.4.2.1; 9 is enhanced RTMP's ExHeader). */
export function audioName(body: Uint8Array): string {
  const format = (body[0] ?? 0) >> 4;
  if (format === 9) return fourCc(body);
  return audioFormats[format] ?? `sound format ${format}`;
}

/** The codec of a video body that is not AVC (annex E.4.3.1; the top bit is enhanced RTMP's ExHeader). */
export function videoName(body: Uint8Array): string {
  const first = body[0] ?? 0;
  if ((first & 0x80) !== 0) return fourCc(body);
  return videoCodecs[first & 15] ?? `video codec ${first & 15}`;
}

function fourCc(body: Uint8Array): string {
  let name = '';
  for (let i = 1; i < 5; i++) {
    const byte = body[i] ?? 0;
    name += byte > 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '?';
  }
  return `enhanced RTMP (${name})`;
}
