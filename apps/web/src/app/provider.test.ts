import { describe, expect, it } from 'vitest';
import html from '../../index.html?raw';
import { readProvider } from './provider.ts';

function pageWith(content: string | null): Pick<Document, 'querySelector'> {
  const meta = content === null ? null : { getAttribute: () => content };
  return { querySelector: () => meta } as unknown as Document;
}

describe('[WEB14] where the rooms live', () => {
  it.each([
    ['trtc', 'trtc'],
    [' TRTC ', 'trtc'],
    ['lianmai', 'lianmai'],
    ['', 'lianmai'],
    [null, 'lianmai'],
  ])('%j: %s', (content, provider) => {
    expect(readProvider(pageWith(content))).toBe(provider);
  });

  it('is on the server of the page, as delivered', () => {
    expect(html.match(/<meta name="lianmai-provider" content="([^"]*)"/)?.[1]).toBe('lianmai');
  });
});
