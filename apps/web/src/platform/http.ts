import type { Http } from '@lianmai/client-core';

/** Requests by `fetch`, to the page's own origin. */
export const browserHttp: Http = async ({ method, url, headers, body, timeoutMs, keepalive }) => {
  const response = await fetch(url, {
    method,
    headers,
    cache: 'no-store',
    credentials: 'same-origin',
    // A request that must outlive the page cannot be tied to a timer of the page.
    ...(keepalive ? { keepalive: true } : { signal: AbortSignal.timeout(timeoutMs) }),
    ...(body === undefined ? {} : { body }),
  });
  return {
    status: response.status,
    body: await response.text(),
    header: (name) => response.headers.get(name),
  };
};
