import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { JSDOM } from 'jsdom';
import { argument, tool } from './tools.ts';
import { transpile } from './transpile.ts';

/** `miniprogram-simulate`, as far as it is used here. */
interface Simulate {
  load(path: string, options: { readonly compiler: 'simulate'; readonly rootPath: string }): string;
  render(
    id: string,
    properties: object,
  ): {
    readonly dom: Element;
    readonly instance: { readonly data: object };
    attach(parent: Element): void;
    detach(): void;
  };
}

const USAGE = 'node test/mp-host/opt-in/exparser.ts <folder with app.json> <component path> [properties as JSON]';

/**
 * Renders one component with exparser, the framework that WeChat's web views run by default, and prints what came of it: a second
 * opinion beside glass-easel. It ends with 1 when the component breaks.
 */
const source = resolve(argument(1, USAGE));
const component = argument(2, USAGE);
const properties = JSON.parse(process.argv[4] ?? '{}') as object;

const root = mkdtempSync(join(tmpdir(), 'lianmai-exparser-'));
try {
  cpSync(source, root, { recursive: true, filter: (path) => !path.includes('node_modules') });
  await transpile(root);
  const { window } = new JSDOM('<!doctype html><body></body>', { pretendToBeVisual: true });
  // It expects a browser's globals, and those of a mini program.
  for (const name of [
    'document',
    'HTMLElement',
    'Element',
    'Node',
    'Event',
    'CustomEvent',
    'MutationObserver',
    'TouchEvent',
  ]) {
    Object.defineProperty(globalThis, name, { value: window[name as keyof typeof window], configurable: true });
  }
  Object.defineProperty(globalThis, 'window', { value: globalThis, configurable: true });
  Object.assign(globalThis, {
    wx: new Proxy({}, { get: () => () => ({}) }),
    getApp: () => ({ log: [] }),
    getCurrentPages: () => [],
  });
  const simulate = tool<Simulate>('miniprogram-simulate', '1.6.2');
  const rendered = simulate.render(
    simulate.load(join(root, component), { compiler: 'simulate', rootPath: root }),
    properties,
  );
  rendered.attach(window.document.body);
  console.log(window.document.body.innerHTML);
  console.log(JSON.stringify(rendered.instance.data));
  rendered.detach();
} finally {
  rmSync(root, { recursive: true, force: true });
}
process.exit(0);
