import { type VideoFrame as Frame, VideoBufferType, VideoFrame } from '@livekit/rtc-node';
import type { Rgb } from '../harness-api.ts';

/** A picture in one colour with a white mark whose place tells the count of the frame. */
export function paint(width: number, height: number, color: Rgb, count: number): Frame {
  const data = new Uint8Array(width * height * 4);
  const markAt = Math.floor(((count % 30) / 30) * (width - 32));
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const white = y < height * 0.4 && x >= markAt && x < markAt + 32;
      const at = (y * width + x) * 4;
      data[at] = white ? 255 : color[0];
      data[at + 1] = white ? 255 : color[1];
      data[at + 2] = white ? 255 : color[2];
      data[at + 3] = 255;
    }
  }
  return new VideoFrame(data, width, height, VideoBufferType.RGBA);
}

export function seenIn(frame: Frame): { readonly color: Rgb; readonly mark: number } {
  const { data, width, height } = frame.convert(VideoBufferType.RGBA);
  return { color: meanColor(data, width, height), mark: markOf(data, width, height) };
}

function meanColor(data: Uint8Array, width: number, height: number): Rgb {
  const sum = [0, 0, 0];
  let count = 0;
  for (let y = Math.floor(height * 0.6); y < height - 4; y += 4) {
    for (let x = 4; x < width - 4; x += 4) {
      for (let channel = 0; channel < 3; channel += 1) {
        sum[channel] = (sum[channel] ?? 0) + (data[(y * width + x) * 4 + channel] ?? 0);
      }
      count += 1;
    }
  }
  const mean = (channel: number) => Math.round((sum[channel] ?? 0) / count);
  return [mean(0), mean(1), mean(2)];
}

/** Middle of the white part of one line of the upper half. */
function markOf(data: Uint8Array, width: number, height: number): number {
  const line = Math.floor(height * 0.2) * width;
  let places = 0;
  let count = 0;
  for (let x = 0; x < width; x += 1) {
    const at = (line + x) * 4;
    if (Math.min(data[at] ?? 0, data[at + 1] ?? 0, data[at + 2] ?? 0) < 150) continue;
    places += x;
    count += 1;
  }
  return count === 0 ? -1 : places / count / width;
}

/** Frequency of a clean tone by its rising zero crossings; 0 when it is too quiet. */
export function pitch(samples: Float64Array, rate: number): number {
  let energy = 0;
  let first = -1;
  let last = -1;
  let crossings = 0;
  for (let index = 1; index < samples.length; index += 1) {
    const before = samples[index - 1] ?? 0;
    const here = samples[index] ?? 0;
    energy += here * here;
    if (before < 0 && here >= 0) {
      if (first < 0) first = index;
      else crossings += 1;
      last = index;
    }
  }
  if (Math.sqrt(energy / samples.length) < 200 || crossings === 0) return 0;
  return Math.round((crossings * rate) / (last - first));
}
