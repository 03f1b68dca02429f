import { useSyncExternalStore } from 'react';
import { parseRoute, type Route, withDebug } from './routes.ts';

const CHANGED = 'lianmai:route';
let cached: { key: string; route: Route } | null = null;
let visit = 0;

function current(): Route {
  const { pathname, search } = window.location;
  const key = pathname + search;
  if (cached?.key !== key) cached = { key, route: parseRoute(pathname, search) };
  return cached.route;
}

function subscribe(listener: () => void): () => void {
  const moved = () => {
    visit += 1;
    listener();
  };
  window.addEventListener('popstate', moved);
  window.addEventListener(CHANGED, moved);
  return () => {
    window.removeEventListener('popstate', moved);
    window.removeEventListener(CHANGED, moved);
  };
}

/**
 * The page that the address bar names, and the number of this visit: a page is built anew for each visit, and not when
 * {@link replaceAddress} has given it another address.
 */
export function useRoute(): { readonly route: Route; readonly visit: number } {
  const route = useSyncExternalStore(subscribe, current);
  return { route, visit };
}

/** Goes to another page of the app. */
export function navigate(path: string): void {
  window.history.pushState(null, '', withDebug(path, window.location.search));
  window.dispatchEvent(new Event(CHANGED));
}

/** Changes the address without a new page: the room that was just made has its own link then. */
export function replaceAddress(path: string): void {
  window.history.replaceState(null, '', withDebug(path, window.location.search));
}

/** Whether this page was come to from another page of the app, so that the focus has to be taken along. */
export function hasNavigated(): boolean {
  return visit > 0;
}

/** Whether the address asks for `?debug=1`. */
export function isDebug(): boolean {
  return new URLSearchParams(window.location.search).get('debug') === '1';
}
