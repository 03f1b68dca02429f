import type { Http } from '../core.ts';

/** `wx.request` as the port that the client asks through. Rejects only when nothing was answered. */
export const wechatHttp: Http = (request) =>
  new Promise((resolve, reject) => {
    wx.request({
      url: request.url,
      method: request.method,
      header: request.headers,
      ...(request.body === undefined ? {} : { data: request.body }),
      // Text, as the client parses (and bounds) it itself.
      dataType: 'other',
      responseType: 'text',
      timeout: request.timeoutMs,
      success: ({ statusCode, data, header }) => {
        const headers = header as Readonly<Record<string, string>>;
        resolve({
          status: statusCode,
          body: typeof data === 'string' ? data : JSON.stringify(data),
          header: (name) => readHeader(headers, name),
        });
      },
      fail: ({ errMsg }) => reject(new Error(errMsg)),
    });
  });

/** Clients differ in how they write the names. */
function readHeader(headers: Readonly<Record<string, unknown>>, name: string): string | null {
  for (const [key, value] of Object.entries(headers)) {
    if (key.toLowerCase() === name) return String(value);
  }
  return null;
}
