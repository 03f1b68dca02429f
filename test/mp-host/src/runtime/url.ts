import type { Query } from './types.ts';

/** A page's URL as `navigateTo` takes it: absolute, or relative to the page on top. */
export function parsePageUrl(url: string, current: string): { readonly path: string; readonly query: Query } {
  const [name = '', search = ''] = url.split(/\?(.*)/s);
  const base = name.startsWith('/') ? [] : current.split('/').slice(0, -1);
  const parts = [...base];
  for (const part of name.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return { path: parts.join('/'), query: parseQuery(search) };
}

/** WeChat hands queries to `onLoad` as they stand: nothing is decoded. */
export function parseQuery(search: string): Query {
  const query: Query = {};
  for (const pair of search.split('&')) {
    if (pair === '') continue;
    const [name = '', value = ''] = pair.split(/=(.*)/s);
    query[name] = value;
  }
  return query;
}
