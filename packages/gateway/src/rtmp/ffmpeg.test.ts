/** ffmpeg and ffprobe as phones: what one pushes, another plays, bit by bit. */
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Hub } from './testing/hub.ts';
import { hasFfmpeg, makeClip, packetsOf, run, scratch } from './testing/peers.ts';
import { type Served, serve } from './testing/serve.ts';

describe.skipIf(!hasFfmpeg)('ffmpeg as publisher and player (skipped: no ffmpeg on this machine)', () => {
  const folder = scratch();
  const clip = join(folder.path, 'clip.flv');
  let served: Served;

  beforeAll(async () => {
    await makeClip(clip, 2);
    served = await serve();
  });
  afterEach(() => {
    served.hub.refusal = null;
  });
  afterAll(async () => {
    await served.server.close('shutdown');
    folder.close();
  });

  async function pushAndPlay(name: string, ...output: readonly string[]) {
    const streamOf = () => served.hub.streams.find((stream) => stream.target.stream === name);
    const { hub } = served;
    const atTheDoor = Promise.withResolvers<void>();
    hub.play = async (target) => {
      atTheDoor.resolve();
      await hub.until(() => streamOf() !== undefined);
      return Hub.prototype.play.call(hub, target);
    };
    // The player stands at the door before the push begins: it must not have to come within the clip's two seconds.
    const played = packetsOf(['-i', served.url(name)]);
    await atTheDoor.promise;
    hub.play = Hub.prototype.play;
    const push = run('ffmpeg', '-re', '-i', clip, '-c', 'copy', ...output, '-f', 'flv', served.url(`${name}?ticket`));
    const [packets, { code, err }] = await Promise.all([played, push.done]);
    expect(err.replace(/.*Failed to update header.*\n/g, '')).toBe('');
    expect(code).toBe(0);
    await served.hub.until(() => streamOf()?.ends.length === 1);
    return { packets, stream: streamOf() };
  }

  it('[RT60] [RT61] every packet pushed is played, with its stamp', async () => {
    const { packets, stream } = await pushAndPlay('through');
    expect(stream?.target).toMatchObject({
      app: 'live',
      stream: 'through',
      query: 'ticket',
      remoteAddress: '127.0.0.1',
    });
    expect(stream?.ends).toEqual(['closed by the client']);
    const sent = await packetsOf(['-i', clip]);
    expect(sent.length).toBeGreaterThan(100);
    expect(packets).toEqual(sent);
  });

  it('[RT3] [RT60] [RT61] stamps go over 24 bits in mid-stream', async () => {
    const { packets, stream } = await pushAndPlay('extended', '-output_ts_offset', '16776.5');
    const stamps = stream?.media.map((media) => media.timestamp) ?? [];
    expect(Math.min(...stamps.filter((stamp) => stamp > 0))).toBeLessThan(0xffffff);
    expect(Math.max(...stamps)).toBeGreaterThan(0xffffff);
    const hashes = (list: readonly string[]) => list.map((line) => line.split(' ').slice(2).join(' ')).sort();
    expect(hashes(packets)).toEqual(hashes(await packetsOf(['-i', clip])));
  });

  it('[RT22] [RT23] a refused push fails at once, a refused play too', async () => {
    served.hub.refusal = { code: 'NetStream.Publish.Denied', description: 'The ticket has run out.' };
    const push = await run('ffmpeg', '-re', '-i', clip, '-c', 'copy', '-f', 'flv', served.url('refused?t')).done;
    expect(push.code).not.toBe(0);
    expect(push.err).toContain('The ticket has run out.');
    served.hub.refusal = { code: 'NetStream.Play.Failed', description: 'Not for you.' };
    const play = await run('ffprobe', served.url('refused')).done;
    expect(play.code).not.toBe(0);
    expect(play.err).toContain('Not for you.');
    expect(served.troubles).toEqual(expect.arrayContaining(['The ticket has run out.', 'Not for you.']));
    expect(served.hub.streams.some((stream) => stream.target.stream === 'refused')).toBe(false);
  });

  it('[RT21] ffmpeg moves the split into app when the query holds a slash', async () => {
    const push = run('ffmpeg', '-i', clip, '-c', 'copy', '-f', 'flv', served.url('slash?a/b'));
    await push.done;
    const stream = served.hub.streams.find((one) => one.target.stream === 'slash');
    expect(stream?.target).toMatchObject({ app: 'live', stream: 'slash', query: 'a/b' });
  });

  it('[RT30] a publisher that is killed ends once', async () => {
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
      served.url('killed'),
    );
    const streamOf = () => served.hub.streams.find((stream) => stream.target.stream === 'killed');
    await served.hub.until(() => (streamOf()?.media.length ?? 0) > 10);
    push.process.kill('SIGKILL');
    await served.hub.until(() => streamOf()?.ends.length === 1);
    expect(streamOf()?.ends).toHaveLength(1);
  });
});
