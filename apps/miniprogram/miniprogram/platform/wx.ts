/** The phone as the component's logic sees it. The only file of the component that calls `wx`. */
import type { ClientInfo, Clock, HttpAnswer, OpenSocket, Post } from '../core/ports.ts';

export const systemClock: Clock = {
  now: () => Date.now(),
  after(ms, run) {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
  random: () => Math.random(),
};

export const post: Post = (url, body, timeoutMs) =>
  new Promise<HttpAnswer>((resolve, reject) => {
    wx.request({
      url,
      method: 'POST',
      data: body as WechatMiniprogram.IAnyObject,
      header: { 'content-type': 'application/json' },
      timeout: timeoutMs,
      success: ({ statusCode, data }) => resolve({ status: statusCode, body: data }),
      // Says what the user cannot know: no network, or a domain that is not on the list of the mini program.
      fail: ({ errMsg }) => reject(new Error(errMsg)),
    });
  });

export const openSocket: OpenSocket = (url, handlers) => {
  let told = false;
  const closed = (code: number, reason: string) => {
    if (told) return;
    told = true;
    handlers.close(code, reason);
  };
  // Above the limit of sockets there is no task, whatever the types say.
  const options = { url, tcpNoDelay: true, fail: ({ errMsg }: { errMsg: string }) => closed(1006, errMsg) };
  const task = wx.connectSocket(options) as WechatMiniprogram.SocketTask | undefined;
  if (task === undefined) return { send: () => {}, close: () => {} };
  task.onOpen(() => handlers.open());
  task.onMessage(({ data }) => {
    if (typeof data === 'string') handlers.message(data);
  });
  task.onError(({ errMsg }) => closed(1006, errMsg));
  task.onClose(({ code, reason }) => closed(code, reason));
  return {
    send: (text) => task.send({ data: text, fail: () => {} }),
    close: (code, reason) => task.close({ code, reason, fail: () => {} }),
  };
};

/** Versions of WeChat and of the base library. */
export function clientInfo(): ClientInfo {
  const info = baseInfo();
  return { wechat: info.version, baseLibrary: info.SDKVersion };
}

/** The language that WeChat is set to, e.g. `zh_CN`. */
export function clientLanguage(): string {
  return baseInfo().language;
}

function baseInfo(): { readonly version: string; readonly SDKVersion: string; readonly language: string } {
  // The newer call is there from base library 2.20.1 on.
  return wx.canIUse('getAppBaseInfo') ? wx.getAppBaseInfo() : wx.getSystemInfoSync();
}

/** Calls back when there is a network again, or another one; the answer ends it. */
export function onNetworkBack(listener: () => void): () => void {
  const heard = (state: object): void => {
    if ('isConnected' in state && state.isConnected === true) listener();
  };
  wx.onNetworkStatusChange(heard);
  return () => wx.offNetworkStatusChange?.(heard);
}

/** The one live-pusher of the page. Make it when that is in the page. */
export interface PusherContext {
  /** @param failed in words */
  start(failed: (why: string) => void): void;
  stop(done: () => void): void;
  pause(): void;
  resume(): void;
  switchCamera(): void;
}

/** The page's one live-pusher; it must be in the page already. */
export function pusherContext(): PusherContext {
  const context = wx.createLivePusherContext();
  const quiet = { fail: () => {} };
  return {
    start: (failed) => context.start({ fail: ({ errMsg }) => failed(errMsg) }),
    stop: (done) => context.stop({ complete: () => done() }),
    pause: () => context.pause(quiet),
    resume: () => context.resume(quiet),
    switchCamera: () => context.switchCamera(quiet),
  };
}
