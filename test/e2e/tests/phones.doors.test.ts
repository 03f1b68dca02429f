import { PHONE_CODES, phoneEventSchema } from '@lianmai/protocol';
import { describe, expect, it } from 'vitest';
import WebSocket from 'ws';
import { PhoneCamera } from '../src/phones/camera.ts';
import { PhoneScreen } from '../src/phones/screen.ts';
import { freshRoom, PUSHED, usePhoneStage } from '../src/phones/stage.ts';
import { waitFor } from '../src/wait.ts';

const stage = usePhoneStage({}, { browser: false });

/** The ticket with one character changed, in its middle. */
function altered(url: string): string {
  const at = Math.floor((url.lastIndexOf('?') + url.length) / 2);
  return `${url.slice(0, at)}${url[at] === 'A' ? 'B' : 'A'}${url.slice(at + 1)}`;
}

function unsigned(url: string): string {
  return url.slice(0, url.lastIndexOf('?'));
}

/** Another user's name over the same ticket. */
function renamed(url: string, from: string, to: string): string {
  return url.replace(`_${from}`, `_${to}`);
}

/** The last frame of a signalling connection that is refused. */
async function refusalAt(url: string): Promise<unknown> {
  const socket = new WebSocket(url);
  let last: unknown = null;
  let closed = false;
  socket.on('message', (data) => {
    last = phoneEventSchema.parse(JSON.parse(String(data)));
  });
  socket.on('close', () => {
    closed = true;
  });
  socket.on('error', () => {});
  await waitFor(
    'the WebSocket to be closed',
    () => closed,
    (over) => over,
  );
  return last;
}

describe('a URL that is not signed, altered, or meant for something else', () => {
  it('opens no push', async () => {
    const [ben, cara] = [await stage.phone('Ben'), await stage.phone('Cara')];
    const roomId = freshRoom();
    await ben.enter(roomId);
    await cara.enter(roomId);
    const { pushUrl } = ben.access;
    const signal = new URL(ben.access.signalUrl).searchParams.get('ticket');
    const wrong = [
      unsigned(pushUrl),
      altered(pushUrl),
      renamed(pushUrl, ben.userId, cara.userId),
      pushUrl.replace(`_${roomId}_`, `_${Number(roomId) + 1}_`),
      `${unsigned(pushUrl)}?${signal}`,
    ];
    for (const url of wrong) {
      const camera = new PhoneCamera(url, PUSHED);
      stage.cleanUp(() => camera.kill());
      await waitFor(
        `the push to be refused: ${url}`,
        () => camera.ended,
        (over) => over,
        { timeout: 20_000 },
      );
    }
    expect(ben.events.filter((event) => event.type === 'push')).toEqual([]);
    const refused = await ben.waitFor('refused');
    expect(refused).toMatchObject({ door: 'push', code: PHONE_CODES.badTicket.code });
    // The right one still does.
    ben.push(PUSHED);
    await ben.waitFor('push', ({ state }) => state === 'started');
  }, 90_000);

  it('plays nothing, by HTTP-FLV and by RTMP', async () => {
    const [ben, cara] = [await stage.phone('Ben'), await stage.phone('Cara')];
    const roomId = freshRoom();
    await ben.enter(roomId);
    await cara.enter(roomId);
    ben.push(PUSHED);
    const stream = await cara.waitForStream(ben.userId, ({ hasvideo, hasaudio }) => hasvideo && hasaudio);
    for (const url of [
      unsigned(stream.flvurl),
      altered(stream.flvurl),
      renamed(stream.flvurl, ben.userId, cara.userId),
      `${unsigned(stream.flvurl)}?${ben.access.pushUrl.split('?')[1]}`,
    ]) {
      const answer = await fetch(url);
      expect(answer.status, url).toBe(403);
      expect(await answer.json()).toMatchObject({ code: PHONE_CODES.badTicket.code });
    }
    for (const url of [unsigned(stream.playurl), altered(stream.playurl)]) {
      const player = new PhoneScreen(url);
      stage.cleanUp(() => player.close());
      await player.expectEnd({ timeout: 20_000 });
      expect(player.frames).toBe(0);
    }
    await cara.play(stream, 'flv').expectPicture(PUSHED.color);
  }, 90_000);

  it('opens no signalling', async () => {
    const ben = await stage.phone('Ben');
    await ben.enter(freshRoom());
    const { signalUrl, pushUrl } = ben.access;
    const pushTicket = pushUrl.split('?')[1] ?? '';
    for (const url of [
      signalUrl.replace(/\?.*/, ''),
      signalUrl.replace(/ticket=(.{20}).{3}/, 'ticket=$1AAA'),
      signalUrl.replace(/ticket=.*/, `ticket=${pushTicket}`),
    ]) {
      expect(await refusalAt(url)).toMatchObject({ type: 'ended', code: PHONE_CODES.badTicket.code });
    }
    // Nobody was thrown out by that.
    expect(ben.closed).toBeNull();
  }, 60_000);

  it('no ticket stands in the log', async () => {
    const ben = await stage.phone('Ben');
    await ben.enter(freshRoom());
    ben.push(PUSHED);
    await ben.waitFor('push', ({ state }) => state === 'started');
    await fetch(unsigned(ben.access.pushUrl).replace('rtmp:', 'http:')).catch(() => {});
    expect(stage.product.lines()).not.toEqual([]);
    const secrets = [
      ben.access.pushUrl.split('?')[1] ?? '',
      new URL(ben.access.signalUrl).searchParams.get('ticket') ?? '',
    ];
    for (const secret of secrets) {
      expect(secret.length).toBeGreaterThan(20);
      expect(stage.product.lines().filter((line) => line.includes(secret))).toEqual([]);
    }
  }, 60_000);
});
