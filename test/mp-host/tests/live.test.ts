import { afterEach, describe, expect, it } from 'vitest';
import type { JsdomPhone } from '../src/drivers/jsdom.ts';
import type { PusherProps } from '../src/runtime/live/port.ts';
import type { ScriptedLive } from '../src/runtime/live/scripted.ts';
import { openSample } from './sample.ts';

let phone: JsdomPhone;

afterEach(() => phone.close());

async function open(): Promise<ScriptedLive<PusherProps>> {
  phone = await openSample({ url: 'pages/live/live?room=9' });
  const pusher = phone.host.live.scripted.pushers[0];
  if (pusher === undefined) throw new Error('no live-pusher');
  return pusher;
}

describe('live-pusher and live-player by script', () => {
  it('[MH60] hand their properties over and bring events back', async () => {
    const { view, changes } = await open();
    expect(view.props).toMatchObject({ url: '', muted: false, enableCamera: true, mode: 'RTC', maxBitrate: 1_000 });
    await phone.tap('mute');
    expect(view.props.muted).toBe(true);
    expect(changes).toContain('muted');
    view.state(1001, 'connected');
    view.error(10001, 'camera refused');
    const player = phone.host.live.scripted.players[0];
    expect(player?.view.props).toMatchObject({ objectFit: 'fillCrop', minCache: 0.2, maxCache: 0.8, muted: true });
    player?.view.state(2004, 'playing');
    await phone.settle();
    expect(phone.data['codes']).toEqual(['push 1001', 'error 10001', 'play 2004']);
    expect(phone.text('overlay')).toBe('me');
  });

  it('[MH65] hear of properties that are set to another value, and of no others', async () => {
    await open();
    const player = phone.host.live.scripted.players[0];
    phone.host.page.setData({ playUrl: 'http://a/b.flv' });
    const before = [...(player?.changes ?? [])];
    expect(before).toContain('src');
    phone.host.page.setData({ playUrl: 'http://a/b.flv' });
    expect(player?.changes).toEqual(before);
    phone.host.page.setData({ playUrl: 'http://a/c.flv' });
    expect(player?.changes).toEqual([...before, 'src']);
  });

  it('[MH65] hear of each of several properties that are set at once', async () => {
    const { view, changes } = await open();
    phone.host.page.setData({ camera: false, microphone: false, muted: true });
    expect(view.props).toMatchObject({ enableCamera: false, enableMic: false, muted: true });
    expect([...changes].sort()).toEqual(['enableCamera', 'enableMic', 'muted']);
    phone.host.page.setData({ camera: false, microphone: true });
    expect(changes.slice(3)).toEqual(['enableMic']);
  });

  it('[MH61] take the commands of contexts', async () => {
    const pusher = await open();
    await phone.tap('start');
    expect(pusher.asked.map((one) => one.command)).toEqual(['start']);
    expect(pusher.running).toBe(true);
    await phone.tap('stop');
    expect(pusher.running).toBe(false);
  });

  it('[MH62] begin by themselves with autopush and autoplay as soon as there is a URL', async () => {
    const pusher = await open();
    phone.host.page.setData({ pushUrl: 'rtmp://a/b', playUrl: 'http://a/b.flv' });
    expect(pusher.running).toBe(false);
    expect(phone.host.live.scripted.players[0]?.running).toBe(true);
    phone.host.page.setData({ autopush: true });
    expect(pusher.running).toBe(true);
  });

  it('[MH63] end with their page, after which a context has nothing', async () => {
    await open();
    const page = phone.host.page as unknown as { pusher: WechatMiniprogram.LivePusherContext };
    const { pusher } = page;
    phone.host.pages.reLaunch('/pages/home/home');
    expect(phone.host.live.scripted.pushers).toEqual([]);
    const error = await new Promise<{ errMsg: string }>((resolve) => pusher.start({ fail: resolve }));
    expect(error.errMsg).toContain('there is no such component');
  });

  it('[MH64] a second live-pusher of a page is a failure', async () => {
    const { view } = await open();
    phone.host.live.addPusher(view);
    expect(phone.host.failures.take('one live-pusher')).toHaveLength(1);
  });
});
