import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';

const running = new Set<ChildProcessWithoutNullStreams>();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** Starts the ffmpeg program (`FFMPEG_BIN`); it ends with this process at the latest. */
export function startFfmpeg(args: readonly string[]): ChildProcessWithoutNullStreams {
  const child = spawn(process.env['FFMPEG_BIN'] ?? 'ffmpeg', ['-hide_banner', '-nostdin', ...args]);
  running.add(child);
  child.once('close', () => running.delete(child));
  child.stdin.on('error', () => {});
  return child;
}
