/** nginx with its RTMP module as the independent peer of our client and, as a relay, of our server. */
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RtmpClient } from './testing/client.ts';
import { hasFfmpeg, hasNginx, makeClip, run, scratch, startNginx } from './testing/peers.ts';
import { type Served, serve } from './testing/serve.ts';
import type { RtmpMedia } from './types.ts';

describe.skipIf(!hasNginx || !hasFfmpeg)('nginx-rtmp (skipped: no ffmpeg, or no nginx with its RTMP module)', () => {
  const folder = scratch();
  const clip = join(folder.path, 'clip.flv');
  let served: Served;
  let nginx: Awaited<ReturnType<typeof startNginx>>;
  let media: RtmpMedia[] = [];

  beforeAll(async () => {
    await makeClip(clip, 2);
    served = await serve();
    nginx = await startNginx(`
      application live { live on; }
      application relay { live on; push rtmp://127.0.0.1:${served.server.port}/live; }
      application pull { live on; pull rtmp://127.0.0.1:${served.server.port}/live; }`);
    // The messages of a real push, to be sent again by our client.
    await run('ffmpeg', '-i', clip, '-c', 'copy', '-f', 'flv', served.url('source')).done;
    const source = () => served.hub.streams.find((stream) => stream.target.stream === 'source');
    // What it sent last may still be on its way when it has ended.
    await served.hub.until(() => source()?.ends.length === 1);
    media = source()?.media ?? [];
  });
  afterAll(async () => {
    await nginx.close();
    await served.server.close('shutdown');
    folder.close();
  });

  const connect = (app: string, onMedia?: (one: RtmpMedia) => void) =>
    RtmpClient.connect({ host: '127.0.0.1', port: nginx.port, app, ...(onMedia === undefined ? {} : { onMedia }) });

  it('[RT62] what our client pushes to nginx, ffmpeg plays from it', async () => {
    const publisher = await connect('live');
    await publisher.publish('ours');
    const play = run(
      'ffmpeg',
      ...['-i', `rtmp://127.0.0.1:${nginx.port}/live/ours`, '-map', '0:v', '-frames:v', '25', '-f', 'framemd5', '-'],
    );
    // The clip over and over, until the player has had enough.
    const [metadata, ...rest] = media;
    publisher.send('data', 0, metadata?.payload ?? new Uint8Array(0));
    let next = 0;
    const pace = setInterval(() => {
      const one = rest[next % rest.length];
      const round = Math.floor(next / rest.length);
      if (one !== undefined) publisher.send(one.kind, round * 2_000 + one.timestamp, one.payload);
      next += 1;
    }, 4);
    const { code, out, err } = await play.done;
    clearInterval(pace);
    publisher.close();
    expect({ code, err }).toEqual({ code: 0, err: '' });
    const decoded = out.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
    expect(decoded).toHaveLength(25);
  });

  it('[RT63] what ffmpeg pushes to nginx, our client plays from it', async () => {
    const push = run(
      'ffmpeg',
      '-re',
      '-stream_loop',
      '1',
      '-i',
      clip,
      '-c',
      'copy',
      '-f',
      'flv',
      `rtmp://127.0.0.1:${nginx.port}/live/theirs`,
    );
    const seen: RtmpMedia[] = [];
    const player = await connect('live', (one) => seen.push(one));
    await player.play('theirs');
    await player.until(() => seen.filter((one) => one.kind === 'video').length > 20);
    await player.until(() => seen.filter((one) => one.kind === 'audio').length > 50);
    const video = media.filter((one) => one.kind === 'video').map((one) => Buffer.from(one.payload).toString('base64'));
    // Each frame that came is one that was sent.
    for (const one of seen.filter((each) => each.kind === 'video')) {
      expect(video).toContain(Buffer.from(one.payload).toString('base64'));
    }
    player.close();
    push.process.kill();
    await push.done;
  });

  it('[RT64] nginx relays a push to our server, with the handshake and commands of its own', async () => {
    const push = run(
      'ffmpeg',
      '-re',
      '-stream_loop',
      '-1',
      '-i',
      clip,
      '-c',
      'copy',
      '-f',
      'flv',
      `rtmp://127.0.0.1:${nginx.port}/relay/relayed`,
    );
    const streamOf = () => served.hub.streams.find((stream) => stream.target.stream === 'relayed');
    const videos = () => streamOf()?.media.filter((one) => one.kind === 'video') ?? [];
    // nginx begins when its own connection stands, whenever that is: the push goes on until then.
    await served.hub.until(() => videos().length > 20);
    push.process.kill();
    await push.done;
    await served.hub.until(() => (streamOf()?.ends.length ?? 0) > 0);
    const sent = new Set(media.map((one) => Buffer.from(one.payload).toString('base64')));
    expect(videos().filter((one) => !sent.has(Buffer.from(one.payload).toString('base64')))).toEqual([]);
    expect(streamOf()?.ends).toHaveLength(1);
  });

  it('[RT65] nginx plays from our server, and ffmpeg from nginx', async () => {
    const push = run(
      'ffmpeg',
      '-re',
      '-stream_loop',
      '-1',
      '-i',
      clip,
      '-c',
      'copy',
      '-f',
      'flv',
      served.url('pulled'),
    );
    await served.hub.until(() => served.hub.streams.some((stream) => stream.target.stream === 'pulled'));
    const play = await run(
      'ffmpeg',
      ...['-i', `rtmp://127.0.0.1:${nginx.port}/pull/pulled`, '-map', '0:v', '-frames:v', '10', '-f', 'framemd5', '-'],
    ).done;
    push.process.kill();
    await push.done;
    expect({ code: play.code, err: play.err }).toEqual({ code: 0, err: '' });
    expect(served.hub.plays.map((target) => target.stream)).toContain('pulled');
  });
});
