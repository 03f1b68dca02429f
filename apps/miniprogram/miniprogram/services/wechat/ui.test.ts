import { afterEach, expect, it, vi } from 'vitest';
import { goTo, replaceWith } from './ui.ts';

type Call = (options: { readonly url: string; readonly fail?: () => void }) => void;

afterEach(() => vi.unstubAllGlobals());

it('[MP22] a page that WeChat does not open is tried in the other ways, and the end of them is told', () => {
  const tried: string[] = [];
  const refuse =
    (name: string): Call =>
    ({ url, fail }) => {
      tried.push(`${name} ${url}`);
      fail?.();
    };
  const [navigateTo, redirectTo, reLaunch] = ['navigateTo', 'redirectTo', 'reLaunch'].map(refuse);
  vi.stubGlobal('wx', { navigateTo, redirectTo, reLaunch });
  const failed = vi.fn();
  replaceWith('/b', failed);
  expect([tried.splice(0), failed.mock.calls.length]).toEqual([['redirectTo /b', 'reLaunch /b'], 1]);
  goTo('/c', failed);
  expect([tried, failed.mock.calls.length]).toEqual([['navigateTo /c', 'redirectTo /c', 'reLaunch /c'], 2]);
});
