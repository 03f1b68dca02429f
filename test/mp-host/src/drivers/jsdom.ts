import { JSDOM, VirtualConsole } from 'jsdom';
import type { Bundle } from '../build/bundle.ts';
import type { Host } from '../runtime/host.ts';
import type { ManualClock } from './clock.ts';

export interface JsdomOptions {
  /** The page to open, with its query; the first of `app.json` otherwise. */
  readonly url?: string;
  /** Time of the mini program; the real one otherwise. Frames stay real. */
  readonly clock?: ManualClock;
  /** Runs before the scripts of the mini program: stored values, the device, cloud functions, handlers of requests. */
  readonly prepare?: (host: Host) => void;
}

/** Something in the page: an element, a `data-testid`, or a selector that begins with `.`, `#`, `[` or `wx-`. */
export type Target = Element | string;

/** Opens a mini program in jsdom. Close it: that throws when anything failed that the test did not take. */
export async function openInJsdom(bundle: Bundle, options: JsdomOptions = {}): Promise<JsdomPhone> {
  const virtualConsole = new VirtualConsole();
  virtualConsole.on('error', (...values: unknown[]) => console.error(...values));
  virtualConsole.on('warn', (...values: unknown[]) => console.warn(...values));
  const dom = new JSDOM('<!doctype html><html lang="zh"><head></head><body></body></html>', {
    runScripts: 'outside-only',
    pretendToBeVisual: true,
    url: 'http://127.0.0.1/',
    virtualConsole,
  });
  const { window } = dom;
  // What jsdom lacks; requests use Node's own, with the signals that belong to it.
  Object.assign(window, {
    fetch,
    AbortController,
    TextEncoder,
    TextDecoder,
    structuredClone,
    matchMedia: () => ({ matches: false, addEventListener() {}, removeEventListener() {} }),
  });
  options.clock?.install(window);
  window.eval(bundle.code);
  const host = (window as unknown as { readonly __mp: Host }).__mp;
  options.prepare?.(host);
  host.launch(options.url);
  const phone = new JsdomPhone(dom, host);
  await phone.settle();
  return phone;
}

/** A mini program that runs in jsdom: what a user sees and does. */
export class JsdomPhone {
  readonly host: Host;
  readonly #dom: JSDOM;

  constructor(dom: JSDOM, host: Host) {
    this.#dom = dom;
    this.host = host;
  }

  get document(): Document {
    return this.#dom.window.document;
  }

  /** Data of the page on top, as a copy. */
  get data(): Record<string, unknown> {
    return JSON.parse(JSON.stringify(this.host.page.data));
  }

  /** Paths of the open pages, the top one last. */
  get routes(): string[] {
    return this.host.pages.callers.map((page) => page.route ?? '');
  }

  /** The element; throws when there is none, or it is hidden with its page. */
  get(target: Target): HTMLElement {
    const found = this.find(target);
    if (found === null)
      throw new Error(`nothing there: ${String(target)}\n${this.document.body.innerHTML.slice(0, 4_000)}`);
    return found;
  }

  /** The element in what is visible, or `null`. */
  find(target: Target): HTMLElement | null {
    return this.all(target)[0] ?? null;
  }

  all(target: Target): HTMLElement[] {
    if (typeof target !== 'string') return [target as HTMLElement];
    const selector = /^(?:[.#[]|wx-)/.test(target) ? idsOf(target) : `[data-testid="${target}"]`;
    return [...this.document.querySelectorAll<HTMLElement>(selector)].filter((one) => one.closest('[hidden]') === null);
  }

  /** The innermost visible element with this text. */
  byText(text: string): HTMLElement {
    const all = [...this.document.body.querySelectorAll<HTMLElement>('*')].filter(
      (one) => one.closest('[hidden]') === null,
    );
    const found = all.findLast((one) => one.textContent?.trim() === text);
    if (found === undefined) throw new Error(`no element says "${text}"`);
    return found;
  }

  text(target: Target): string {
    return this.get(target).textContent?.trim() ?? '';
  }

  /** A short touch, and what follows from it. */
  async tap(target: Target): Promise<void> {
    const element = this.get(target);
    for (const type of ['mousedown', 'mouseup', 'click']) {
      element.dispatchEvent(new this.#dom.window.MouseEvent(type, { bubbles: true, cancelable: true }));
    }
    await this.settle();
  }

  /** Types into an input or textarea, replacing what was there. */
  async input(target: Target, value: string): Promise<void> {
    const element = this.get(target);
    const field = element.querySelector<HTMLInputElement | HTMLTextAreaElement>('input, textarea');
    if (field === null) throw new Error(`${String(target)} takes no text`);
    field.value = value;
    field.dispatchEvent(new this.#dom.window.Event('input', { bubbles: true }));
    await this.settle();
  }

  /** Enter, on the keyboard of a field. */
  async confirm(target: Target): Promise<void> {
    const field = this.get(target).querySelector('input, textarea');
    field?.dispatchEvent(new this.#dom.window.KeyboardEvent('keydown', { key: 'Enter', bubbles: true }));
    await this.settle();
  }

  /** Fires an event of a component by hand, such as `scrolltolower`. */
  async fire(target: Target, name: string, detail: object = {}, bubbles = false): Promise<void> {
    const node = (this.get(target) as unknown as { readonly __wxElement?: WxElement }).__wxElement;
    if (node === undefined) throw new Error(`${String(target)} is no node of the framework`);
    node.triggerEvent(name, detail, { bubbles, composed: bubbles });
    await this.settle();
  }

  /** After the promises and the frame that are due now: `ready`, and callbacks of `setData`. */
  async settle(): Promise<void> {
    await macrotask();
    await new Promise<void>((resolve) => this.#dom.window.requestAnimationFrame(() => resolve()));
    await macrotask();
  }

  /** Waits until `read` gives something other than `null`, `undefined` or `false`. */
  async waitFor<T>(what: string, read: () => T | null | undefined | false, timeout = 20_000): Promise<T> {
    const end = performance.now() + timeout;
    for (;;) {
      const value = read();
      if (value !== null && value !== undefined && value !== false) return value;
      if (performance.now() > end) throw new Error(`waited in vain: ${what}`);
      await this.settle();
    }
  }

  /** Ends the mini program. Throws when something failed that nobody took with `host.failures.take`. */
  close(): void {
    this.host.close();
    const failures = this.host.failures.list.map(({ kind, message }) => `${kind}: ${message}`);
    this.#dom.window.close();
    if (failures.length > 0) throw new Error(`the mini program failed:\n${failures.join('\n')}`);
  }
}

interface WxElement {
  triggerEvent(name: string, detail: object, options: object): void;
}

/** Ids of the DOM are prefixed by the framework. */
function idsOf(selector: string): string {
  return selector.replace(/#([\w-]+)/g, '[id$="--$1"]');
}

function macrotask(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
