import { get as httpGet, type ServerResponse } from 'node:http';
import { get as httpsGet } from 'node:https';
import { startFfmpeg } from './ffmpeg.ts';

const HEADERS = { 'content-type': 'video/x-flv', 'access-control-allow-origin': '*', 'cache-control': 'no-store' };

/** Passes HTTP-FLV on to the page, which, being no mini program, would need the server's leave. */
export function pullHttp(url: string, response: ServerResponse): void {
  const request = (url.startsWith('https:') ? httpsGet : httpGet)(url, (source) => {
    response.writeHead(source.statusCode ?? 502, HEADERS);
    source.pipe(response);
    source.once('error', () => response.destroy());
  });
  request.once('error', () => refuse(response));
  response.once('close', () => request.destroy());
}

/** Plays RTMP with the ffmpeg program and hands the page FLV, nothing re-encoded. */
export function pullRtmp(url: string, response: ServerResponse): void {
  const child = startFfmpeg([
    ...['-loglevel', 'error', '-analyzeduration', '500000', '-probesize', '100000', '-rtmp_live', 'live'],
    ...['-i', url, '-c', 'copy', '-flush_packets', '1', '-max_interleave_delta', '200000'],
    ...['-f', 'flv', '-flvflags', 'no_duration_filesize', 'pipe:1'],
  ]);
  child.stdin.end();
  child.stdout.once('data', (chunk: Buffer) => {
    response.writeHead(200, HEADERS);
    response.write(chunk);
    child.stdout.pipe(response);
  });
  child.once('close', () => (response.headersSent ? response.end() : refuse(response)));
  response.once('close', () => child.kill('SIGKILL'));
}

function refuse(response: ServerResponse): void {
  if (response.headersSent) response.destroy();
  else response.writeHead(502, HEADERS).end();
}
