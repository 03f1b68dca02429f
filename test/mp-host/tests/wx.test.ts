import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { WebSocketServer } from 'ws';
import { ManualClock } from '../src/drivers/clock.ts';
import type { JsdomOptions, JsdomPhone } from '../src/drivers/jsdom.ts';
import { openSample } from './sample.ts';

let phone: JsdomPhone;
let wx: WechatMiniprogram.Wx;
const servers: Server[] = [];

afterEach(() => {
  phone.close();
  for (const server of servers.splice(0)) server.close();
});

async function open(options: JsdomOptions = {}): Promise<void> {
  phone = await openSample(options);
  wx = (phone.document.defaultView as unknown as { readonly wx: WechatMiniprogram.Wx }).wx;
}

async function serve(): Promise<{ readonly http: string; readonly ws: string }> {
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => {
      body += chunk;
    });
    request.on('end', () => {
      response.writeHead(request.url === '/missing' ? 404 : 200, { 'content-type': 'application/json' });
      response.end(
        JSON.stringify({ method: request.method, url: request.url, type: request.headers['content-type'], body }),
      );
    });
  });
  new WebSocketServer({ server }).on('connection', (socket) => {
    socket.on('message', (data) => {
      if (String(data) === 'bye') socket.close(4001, 'as asked');
      else socket.send(`echo ${String(data)}`);
    });
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return { http: `http://127.0.0.1:${port}`, ws: `ws://127.0.0.1:${port}` };
}

/** `wx.request` knows no promises. */
function request(options: WechatMiniprogram.RequestOption): Promise<WechatMiniprogram.RequestSuccessCallbackResult> {
  return new Promise((success, fail) => {
    expect(wx.request({ ...options, success, fail })).not.toHaveProperty('then');
  });
}

describe('the two forms of answer', () => {
  it('[MH40] calls back after the call has returned, and returns a promise only when there is no callback', async () => {
    await open();
    const heard: string[] = [];
    const returned = wx.getStorage({
      key: 'none',
      fail: ({ errMsg }) => heard.push(errMsg),
      complete: ({ errMsg }) => heard.push(errMsg),
    });
    expect(returned).toBeUndefined();
    expect(heard).toEqual([]);
    await phone.settle();
    expect(heard).toEqual(['getStorage:fail data not found', 'getStorage:fail data not found']);
    await expect(wx.getStorage({ key: 'none' })).rejects.toEqual({ errMsg: 'getStorage:fail data not found' });
  });

  it('[MH41] stores copies', async () => {
    await open();
    const value = { list: [1] };
    await wx.setStorage({ key: 'k', data: value });
    value.list.push(2);
    expect(wx.getStorageSync('k')).toEqual({ list: [1] });
    expect(wx.getStorageSync('other')).toBe('');
  });
});

describe('the network', () => {
  it('[MH42] requests in WeChat’s ways: JSON by default, queries for GET, any status is a success', async () => {
    await open();
    const { http } = await serve();
    const post = await request({ url: `${http}/a`, method: 'POST', data: { x: 1 } });
    expect(post).toMatchObject({
      statusCode: 200,
      data: { method: 'POST', type: 'application/json', body: '{"x":1}' },
    });
    expect((await request({ url: `${http}/b`, data: { x: 'y z' } })).data).toMatchObject({ url: '/b?x=y+z' });
    expect(await request({ url: `${http}/missing` })).toMatchObject({ statusCode: 404, errMsg: 'request:ok' });
    await expect(request({ url: 'http://127.0.0.1:1/' })).rejects.toMatchObject({
      errMsg: expect.stringMatching(/^request:fail/),
    });
  });

  it('[MH42] times out, and is answered by the test when it likes', async () => {
    const clock = new ManualClock();
    await open({ clock });
    phone.host.network.handler = ({ url }) =>
      url.endsWith('/hang') ? new Promise(() => {}) : { statusCode: 201, data: 'mine' };
    expect(await request({ url: 'https://a.example/' })).toMatchObject({ statusCode: 201, data: 'mine' });
    const hanging = request({ url: 'https://a.example/hang', timeout: 3_000 });
    const outcome = expect(hanging).rejects.toMatchObject({ errMsg: 'request:fail timeout' });
    await clock.advance(3_000);
    await outcome;
  });

  it('[MH43] opens WebSockets, up to five, with their events', async () => {
    await open();
    const { ws } = await serve();
    const heard: unknown[] = [];
    const task = wx.connectSocket({ url: ws });
    task.onOpen(() => task.send({ data: 'hello' }));
    task.onMessage(({ data }) => {
      heard.push(data);
      task.send({ data: 'bye' });
    });
    task.onClose(({ code, reason }) => heard.push(code, reason));
    await phone.waitFor('the close', () => heard.length === 3);
    expect(heard).toEqual(['echo hello', 4001, 'as asked']);
    const five = Array.from({ length: 5 }, () => wx.connectSocket({ url: ws }));
    const refused = await new Promise((resolve) => wx.connectSocket({ url: ws, fail: resolve }));
    expect(refused).toEqual({ errMsg: 'connectSocket:fail exceed max connection limit 5' });
    for (const one of five) one.close({});
  });

  it('[MH44] loses the network: sockets close, requests fail, listeners hear of it', async () => {
    await open();
    const { ws } = await serve();
    const heard: unknown[] = [];
    wx.onNetworkStatusChange((status) => heard.push(status));
    const task = wx.connectSocket({ url: ws });
    const open_ = new Promise<void>((resolve) => task.onOpen(() => resolve()));
    await open_;
    const closed = new Promise<void>((resolve) => task.onClose(() => resolve()));
    phone.host.network.set('none');
    await closed;
    expect(heard).toEqual([{ isConnected: false, networkType: 'none' }]);
    const another = wx.connectSocket({ url: ws });
    let opened = false;
    another.onOpen(() => {
      opened = true;
    });
    await new Promise<void>((resolve) => another.onClose(() => resolve()));
    expect(opened).toBe(false);
    await expect(request({ url: 'https://a.example/' })).rejects.toMatchObject({ errno: 600_001 });
    expect(await wx.getNetworkType()).toMatchObject({ networkType: 'none' });
  });
});

describe('what lies over the page', () => {
  it('[MH45] shows a modal that the user answers, one at a time', async () => {
    await open();
    const answer = wx.showModal({ title: 'T', content: 'C' });
    await phone.settle();
    expect(phone.text('mp-modal-title')).toBe('T');
    await expect(wx.showModal({ title: 'second' })).rejects.toMatchObject({ errMsg: expect.stringContaining('fail') });
    await phone.tap('mp-modal-confirm');
    expect(await answer).toMatchObject({ confirm: true, cancel: false });
    expect(phone.find('mp-modal')).toBeNull();
  });

  it('[MH45] refuses buttons of modals that WeChat would not show', async () => {
    await open();
    await expect(wx.showModal({ title: 'T', confirmText: '结束这个房间' })).rejects.toMatchObject({
      errMsg: expect.stringContaining('confirmText'),
    });
    await expect(wx.showModal({ title: 'T', cancelText: 'Rather not' })).rejects.toMatchObject({
      errMsg: expect.stringContaining('cancelText'),
    });
    expect(phone.find('mp-modal')).toBeNull();
  });

  it('[MH45] shows sheets, toasts and loading signs', async () => {
    const clock = new ManualClock();
    await open({ clock });
    const chosen = wx.showActionSheet({ itemList: ['one', 'two'] });
    await phone.settle();
    await phone.tap('mp-sheet-1');
    expect(await chosen).toMatchObject({ tapIndex: 1 });
    const cancelled = expect(wx.showActionSheet({ itemList: ['one'] })).rejects.toEqual({
      errMsg: 'showActionSheet:fail cancel',
    });
    await phone.settle();
    await phone.tap('mp-sheet-cancel');
    await cancelled;
    await wx.showToast({ title: 'Done', duration: 500 });
    expect(phone.text('mp-toast')).toBe('Done');
    await clock.advance(500);
    expect(phone.find('mp-toast')).toBeNull();
    await wx.showLoading({ title: 'Wait' });
    await clock.advance(60_000);
    expect(phone.host.overlays.toast).toMatchObject({ title: 'Wait', loading: true });
    await wx.hideLoading();
    expect(phone.host.overlays.toast).toBeNull();
  });
});

describe('consents', () => {
  it('[MH46] asks for a scope once and remembers the answer, until the settings change it', async () => {
    await open();
    phone.host.consents.answer = false;
    await expect(wx.authorize({ scope: 'scope.camera' })).rejects.toMatchObject({ errMsg: 'authorize:fail auth deny' });
    phone.host.consents.answer = true;
    await expect(wx.authorize({ scope: 'scope.camera' })).rejects.toMatchObject({ errno: 103 });
    phone.host.consents.settingsChange = { 'scope.camera': true };
    await wx.openSetting();
    await wx.authorize({ scope: 'scope.camera' });
    expect((await wx.getSetting()).authSetting).toEqual({ 'scope.camera': true });
  });

  it('[MH47] holds what needs the privacy guideline until the user agrees', async () => {
    await open({ prepare: (host) => Object.assign(host.consents, { privacyNeeded: true }) });
    const asked: string[] = [];
    const onNeed = wx.onNeedPrivacyAuthorization as unknown as (run: NeedListener) => void;
    onNeed((resolve, info) => {
      asked.push(info.referrer);
      resolve({ event: 'exposureAuthorization' });
      resolve({ event: 'agree', buttonId: 'agree' });
    });
    expect(await wx.getPrivacySetting({})).toMatchObject({ needAuthorization: true });
    await wx.authorize({ scope: 'scope.record' });
    expect(asked).toEqual(['scope.record']);
    expect(await wx.getPrivacySetting({})).toMatchObject({ needAuthorization: false });
  });
});

describe('the rest', () => {
  it('[MH48] calls cloud functions that the test provides, and fails on others as the cloud does', async () => {
    await open();
    phone.host.session.cloud.on('add', (data) => {
      const { a, b } = data as { readonly a: number; readonly b: number };
      return { sum: a + b };
    });
    expect(await wx.cloud.callFunction({ name: 'add', data: { a: 1, b: 2 } })).toMatchObject({ result: { sum: 3 } });
    await expect(wx.cloud.callFunction({ name: 'none' })).rejects.toMatchObject({ errCode: -501_000 });
  });

  it('[MH49] says what the phone is, and lacks what it is told to lack', async () => {
    await open({
      prepare: (host) => {
        host.device.platform = 'android';
        host.device.SDKVersion = '2.0.0';
        host.device.lacks = ['getDeviceInfo', 'live-pusher'];
      },
    });
    expect(wx.getDeviceInfo).toBeUndefined();
    expect(wx.canIUse('getDeviceInfo')).toBe(false);
    expect(wx.canIUse('live-pusher')).toBe(false);
    expect(wx.canIUse('showModal.object.editable')).toBe(true);
    expect(wx.getSystemInfoSync()).toMatchObject({ platform: 'android', SDKVersion: '2.0.0' });
  });

  it('[MH50] keeps what was asked for: the screen, the clipboard, vibrations, every call', async () => {
    await open();
    await wx.setKeepScreenOn({ keepScreenOn: true });
    await wx.setClipboardData({ data: 'copied' });
    await wx.vibrateShort({ type: 'light' });
    expect(phone.host.state).toMatchObject({ keepScreenOn: true, clipboard: 'copied', vibrations: 1 });
    expect(phone.host.calls.map(({ name }) => name)).toEqual([
      'cloud.init',
      'setKeepScreenOn',
      'setClipboardData',
      'vibrateShort',
    ]);
  });

  it('[MH51] refuses pages that are not there and an eleventh one', async () => {
    await open();
    await expect(wx.navigateTo({ url: '/pages/none/none' })).rejects.toEqual({
      errMsg: 'navigateTo:fail page "pages/none/none" is not found',
    });
    for (let count = 1; count < 10; count++) await wx.navigateTo({ url: '/pages/live/live' });
    await expect(wx.navigateTo({ url: '/pages/live/live' })).rejects.toEqual({
      errMsg: 'navigateTo:fail webview count limit exceed',
    });
    await wx.navigateBack({ delta: 9 });
    expect(phone.routes).toEqual(['pages/home/home']);
    await expect(wx.navigateBack()).rejects.toMatchObject({ errMsg: expect.stringContaining('first page') });
    await wx.redirectTo({ url: '../live/live?room=1' });
    await wx.reLaunch({ url: '/pages/home/home' });
    expect(phone.routes).toEqual(['pages/home/home']);
  });
});

/** The types of WeChat leave out the second argument. */
type NeedListener = (resolve: (answer: object) => void, info: { readonly referrer: string }) => void;
