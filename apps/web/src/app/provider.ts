/** Where the rooms of a deployment live: on the Lianmai server that serves its pages, or in Tencent TRTC. */
export type Provider = 'lianmai' | 'trtc';

/**
 * What `<meta name="lianmai-provider">` of index.html says. It is a line of a file that is served as it is, so that who hosts
 * these pages beside cloud functions need not build them anew.
 */
export function readProvider(page: Pick<Document, 'querySelector'>): Provider {
  const value = page.querySelector('meta[name="lianmai-provider"]')?.getAttribute('content');
  return value?.trim().toLowerCase() === 'trtc' ? 'trtc' : 'lianmai';
}
