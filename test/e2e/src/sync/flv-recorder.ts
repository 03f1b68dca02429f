import { writeFile } from 'node:fs/promises';
import { createFlvDemuxer } from '@lianmai/gateway/testing';
import { decodePictures, decodeSound } from './decode.ts';
import { type Skew, skewOf } from './skew.ts';

/** Fetches an FLV URL until its stamps have gone so far, and keeps the bytes as they came. */
export async function recordFlv(url: string, file: string, ms: number): Promise<void> {
  const answer = await fetch(url, { signal: AbortSignal.timeout(ms + 30_000) });
  if (!answer.ok || answer.body === null) throw new Error(`${url.replace(/\?.*/, '')} answered ${answer.status}`);
  const demuxer = createFlvDemuxer();
  const parts: Uint8Array[] = [];
  let first = Number.NaN;
  let last = 0;
  for await (const part of answer.body) {
    parts.push(part);
    for (const tag of demuxer.push(part)) {
      if (tag.kind !== 'video' && tag.kind !== 'audio') continue;
      if (Number.isNaN(first)) first = tag.timestamp;
      last = tag.timestamp;
    }
    if (last - first >= ms) break;
  }
  await writeFile(file, Buffer.concat(parts));
}

/** What a player of the file would show and sound: decoded by ffmpeg, with the file's stamps. */
export async function flvSkew(file: string, settleMs: number): Promise<Skew> {
  const [frames, sound] = [await decodePictures(file), await decodeSound(file)];
  return skewOf(frames, sound, (frames[0]?.ms ?? 0) + settleMs);
}
