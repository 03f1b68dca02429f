import { ClientError, type Credentials } from '../core.ts';

/** A code of `wx.login`, which the server exchanges for the user behind it. Good once, for five minutes. */
export const wechatCredentials: Credentials = () =>
  new Promise((resolve, reject) => {
    wx.login({
      timeout: 10_000,
      success: ({ code }) => resolve({ type: 'wechat', code }),
      fail: ({ errMsg }) => reject(new ClientError('network', errMsg)),
    });
  });
