import { describe, expect, it } from 'vitest';
import { readTarget } from './target.ts';

describe('target', () => {
  const stream = '1400_1_alice';

  it('[RT21] the query is read from the stream name, then from app, then from tcUrl', () => {
    expect(readTarget('live', 'rtmp://h/live', `${stream}?t`)).toEqual({ app: 'live', stream, query: 't' });
    expect(readTarget('live?t', 'rtmp://h/live', stream)).toEqual({ app: 'live', stream, query: 't' });
    expect(readTarget('live', 'rtmp://h/live?t', stream)).toEqual({ app: 'live', stream, query: 't' });
    expect(readTarget('live?b', 'rtmp://h/live?c', `${stream}?a`)).toEqual({ app: 'live', stream, query: 'a' });
    expect(readTarget('live?b', 'rtmp://h/live?c', stream)).toEqual({ app: 'live', stream, query: 'b' });
    expect(readTarget('live', null, stream)).toEqual({ app: 'live', stream, query: '' });
    expect(readTarget('live/', null, stream)).toEqual({ app: 'live', stream, query: '' });
  });

  it('[RT21] a query with slashes that moved the split into app is put together again', () => {
    expect(readTarget(`live/${stream}?a=b`, null, 'c')).toEqual({ app: 'live', stream, query: 'a=b/c' });
    expect(readTarget(`live/${stream}?a=b`, null, 'c/d?e')).toEqual({ app: 'live', stream, query: 'a=b/c/d?e' });
  });

  it('[RT21] an app of two parts without a query stays one', () => {
    expect(readTarget('live/room', null, `${stream}?t`)).toEqual({ app: 'live/room', stream, query: 't' });
  });
});
