import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createFlvDemuxer, type FlvTag } from '../../packages/gateway/src/flv/demux.ts';

/** A clip of a phone's kind as its FLV tags: 360×640 at 25 pictures a second, a keyframe every 2 s, AAC mono 44.1 kHz. */
export interface Clip {
  readonly tags: readonly FlvTag[];
  readonly durationMs: number;
  readonly bitsPerSecond: number;
}

/** Makes it with the ffmpeg program. @param groupPictures from one keyframe to the next. */
export function makeClip(seconds = 10, groupPictures = 50): Clip {
  const folder = mkdtempSync(join(tmpdir(), 'lianmai-clip-'));
  const file = join(folder, 'clip.flv');
  try {
    const input = ['-f', 'lavfi', '-i', 'testsrc2=size=360x640:rate=25', '-f', 'lavfi', '-i', 'sine=440:r=44100'];
    const video = [
      '-c:v',
      'libx264',
      '-preset',
      'veryfast',
      '-tune',
      'zerolatency',
      '-profile:v',
      'main',
      '-g',
      `${groupPictures}`,
    ];
    const rate = ['-b:v', '580k', '-maxrate', '580k', '-bufsize', '580k', '-x264-params', 'nal-hrd=cbr:force-cfr=1'];
    const audio = ['-c:a', 'aac', '-ac', '1', '-b:a', '64k'];
    execFileSync('ffmpeg', [
      '-loglevel',
      'error',
      '-y',
      ...input,
      '-t',
      `${seconds}`,
      ...video,
      ...rate,
      ...audio,
      file,
    ]);
    const bytes = readFileSync(file);
    const tags = createFlvDemuxer()
      .push(bytes)
      .filter((tag): tag is FlvTag => tag.kind === 'audio' || tag.kind === 'video');
    return { tags, durationMs: seconds * 1_000, bitsPerSecond: (bytes.length * 8) / seconds };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * Tells the clip's tags at their time, over and over on one timeline, until it is stopped. Sequence headers once.
 * @returns stop.
 */
export function playClip(clip: Clip, onTag: (tag: FlvTag) => void): () => void {
  const began = performance.now();
  let at = 0;
  let turn = 0;
  const timer = setInterval(() => {
    for (;;) {
      const tag = clip.tags[at]!;
      const timestamp = tag.timestamp + turn * clip.durationMs;
      if (timestamp > performance.now() - began) return;
      // Second byte 0: a sequence header (AVCPacketType, AACPacketType).
      if (turn === 0 || tag.payload[1] !== 0) onTag({ ...tag, timestamp });
      at++;
      if (at === clip.tags.length) {
        at = 0;
        turn++;
      }
    }
  }, 2);
  return () => clearInterval(timer);
}
