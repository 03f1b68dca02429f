/** Short recordings made by the ffmpeg program: a flash and a beep every second. */
import { encodeOpus, ffmpeg } from '../../codec/testing/media.ts';
import { joinAvcc, nalType, nalTypes, splitAnnexB } from '../../h264/nal.ts';
import type { VideoConfig } from '../../stream/types.ts';

export const clipFps = 25;
const rate = 48_000;

/** Pictures that are white for the first 100 ms of every second, otherwise dark with something that moves. */
function source(seconds: number): string[] {
  const flash = "drawbox=color=white:t=fill:enable='lt(mod(t,1),0.1)'";
  const pictures = `testsrc=size=320x180:rate=${clipFps}:duration=${seconds},eq=brightness=-0.3,${flash}`;
  return ['-f', 'lavfi', '-i', pictures, '-pix_fmt', 'yuv420p'];
}

export interface H264Clip {
  readonly config: VideoConfig;
  /** Access units behind lengths, slices alone. */
  readonly frames: readonly { readonly data: Uint8Array; readonly keyframe: boolean }[];
}

/** @param group pictures from keyframe to keyframe. */
export function h264Clip(seconds: number, group: number): H264Clip {
  const coder = ['-c:v', 'libx264', '-preset', 'ultrafast', '-tune', 'zerolatency', '-profile:v', 'baseline'];
  const slices = ['-g', String(group), '-sc_threshold', '0', '-x264-params', 'slices=1:aud=1'];
  const nals = splitAnnexB(ffmpeg([...source(seconds), ...coder, ...slices, '-f', 'h264', '-']), 100_000);
  if (nals === null) throw new Error('too many NAL units');
  let sps: Uint8Array | null = null;
  let pps: Uint8Array | null = null;
  let units: Uint8Array[] = [];
  const frames: { data: Uint8Array; keyframe: boolean }[] = [];
  const flush = () => {
    if (units.length > 0) frames.push({ data: joinAvcc(units), keyframe: nalType(units[0]!) === nalTypes.idr });
    units = [];
  };
  for (const nal of nals) {
    const type = nalType(nal);
    if (type === nalTypes.delimiter) flush();
    else if (type === nalTypes.sps) sps = nal;
    else if (type === nalTypes.pps) pps = nal;
    else if (type === nalTypes.slice || type === nalTypes.idr) units.push(nal);
  }
  flush();
  if (sps === null || pps === null) throw new Error('no parameter sets');
  return { config: { kind: 'video-config', sps, pps }, frames };
}

const coders = {
  vp8: ['libvpx', '-deadline', 'realtime', '-cpu-used', '8', '-auto-alt-ref', '0'],
  vp9: ['libvpx-vp9', '-deadline', 'realtime', '-cpu-used', '8', '-lag-in-frames', '0'],
  av1: ['libaom-av1', '-usage', 'realtime', '-cpu-used', '8', '-lag-in-frames', '0'],
} as const;

/** Frames of a codec that phones cannot show; AV1 as temporal units. */
export function foreignClip(codec: keyof typeof coders, seconds: number): Uint8Array[] {
  const ivf = ffmpeg([...source(seconds), '-c:v', ...coders[codec], '-b:v', '600k', '-g', '50', '-f', 'ivf', '-']);
  const frames: Uint8Array[] = [];
  for (let at = 32; at + 12 <= ivf.length; ) {
    const size = ivf.readUInt32LE(at);
    frames.push(ivf.subarray(at + 12, at + 12 + size));
    at += 12 + size;
  }
  return frames;
}

/** A quiet tone of 440 Hz with a loud one of 1 kHz in the first 100 ms of every second. */
export function opusClip(seconds: number): { readonly packets: readonly Buffer[]; readonly padding: number } {
  const pcm = Float32Array.from({ length: seconds * rate }, (_, i) => {
    const t = i / rate;
    const beep = t % 1 < 0.1 ? 0.7 * Math.sin(2 * Math.PI * 1_000 * t) : 0;
    return beep + 0.05 * Math.sin(2 * Math.PI * 440 * t);
  });
  return encodeOpus(pcm, 1, 20);
}
