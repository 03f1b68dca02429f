import * as glassEasel from 'glass-easel';
import type { Failures } from './failures.ts';

/** The node as handlers see it: never the node itself. */
interface EventTarget {
  readonly id: string;
  readonly dataset: Record<string, unknown>;
  readonly offsetLeft: number;
  readonly offsetTop: number;
}

type Node = glassEasel.Element | { readonly _$: glassEasel.Element };

/** Events that a mini program gets from the browser as they are; taps are made of them by the back end. */
const OF_THE_BROWSER = new Set([
  'touchstart',
  'touchmove',
  'touchend',
  'touchcancel',
  'transitionend',
  'animationstart',
  'animationiteration',
  'animationend',
]);

const RPX = /(-?[\d.]+)rpx\b/g;

/**
 * Prepares the framework for WeChat's ways, which its DOM back end leaves open: plain event objects, datasets and ids that tests
 * can see, handlers that are missing, rpx in inline styles.
 */
export function prepareFramework(failures: Failures): glassEasel.CurrentWindowBackendContext {
  glassEasel.addGlobalErrorListener((error, method) => {
    const text = error instanceof Error ? `${error.message}\n${error.stack ?? ''}` : String(error);
    failures.add('error', `${text}${method === undefined ? '' : ` (in ${method})`}`);
    return false;
  });
  glassEasel.addGlobalWarningListener((message: string) => {
    failures.add('warning', message);
    return false;
  });
  plainEvents();
  visibleDatasets();
  reportMissingHandlers(failures);
  return createBackend();
}

function createBackend(): glassEasel.CurrentWindowBackendContext {
  const context = new glassEasel.CurrentWindowBackendContext();
  const create = (tag: string) => {
    // <input> and <button> would become elements of the browser, with a look and a behaviour of their own.
    const element = document.createElement(`wx-${tag}`);
    element.setAttribute = (name: string, value: unknown) => {
      const text = name === 'style' ? String(value).replace(RPX, 'calc(var(--rpx) * $1)') : String(value);
      Element.prototype.setAttribute.call(element, name, text);
    };
    return element;
  };
  const real = context.document;
  context.document = {
    createElement: create as unknown as (typeof real)['createElement'],
    createTextNode: (text) => real.createTextNode.call(document, text),
    createDocumentFragment: () => real.createDocumentFragment.call(document),
  };
  const listen = context.setListenerStats.bind(context);
  context.setListenerStats = (element, type, capture, level) => {
    // `change`, `input` or `scroll` of the elements inside are not the component's: those it emits itself.
    if (OF_THE_BROWSER.has(type)) listen(element, type, capture, level);
  };
  context.onEvent((target, type, detail, options) => {
    if (type === 'tap' && isDisabled(target)) return undefined;
    const event = new glassEasel.Event(type, detail, options);
    glassEasel.Event.dispatchEvent(target, event);
    return event.getEventBubbleStatus();
  });
  return context;
}

/** Marks an element, and what is in it, as taking no taps. */
export function setDisabled(element: HTMLElement, disabled: boolean): void {
  element.toggleAttribute('data-disabled', disabled);
}

function isDisabled(target: glassEasel.Element): boolean {
  const element = target.getBackendElement() as unknown as HTMLElement | null;
  return element !== null && typeof element.closest === 'function' && element.closest('[data-disabled]') !== null;
}

function plainEvents(): void {
  const proto = glassEasel.Event.prototype;
  proto.wrapShadowedEvent = function wrap(target, mark, currentTarget) {
    const original = this.getOriginalEvent() as (Event & { readonly touches?: TouchList }) | undefined;
    const touches = original === undefined ? {} : touchesOf(original);
    // The framework asks the wrapped event too when a handler was a catch; handlers do not see these.
    const control = {
      stopPropagation: () => this.stopPropagation(),
      preventDefault: () => this.preventDefault(),
      markMutated: () => this.markMutated(),
    };
    const plain = Object.assign(Object.create(control), {
      type: this.type,
      timeStamp: this.timeStamp,
      target: describeTarget(target),
      currentTarget: describeTarget(currentTarget),
      mark,
      detail: this.detail,
      ...touches,
      ...this.extraFields,
    });
    return plain as ReturnType<typeof proto.wrapShadowedEvent>;
  };
}

function touchesOf(event: Event & { readonly touches?: TouchList }): object {
  const list = (touches: TouchList | undefined) =>
    [...(touches ?? [])].map(({ identifier, pageX, pageY, clientX, clientY }) => ({
      identifier,
      pageX,
      pageY,
      clientX,
      clientY,
    }));
  return {
    touches: list(event.touches),
    changedTouches: list((event as { readonly changedTouches?: TouchList }).changedTouches),
  };
}

function describeTarget(node: Node): EventTarget {
  const element = '_$' in node && node._$ !== undefined ? node._$ : (node as glassEasel.Element);
  const dom = element.getBackendElement() as unknown as HTMLElement | null;
  return {
    id: element.id,
    dataset: glassEasel.dataUtils.simpleDeepCopy(element.dataset),
    offsetLeft: dom?.offsetLeft ?? 0,
    offsetTop: dom?.offsetTop ?? 0,
  };
}

/** Datasets stay in the framework; tests select by `data-testid`. */
function visibleDatasets(): void {
  const proto = glassEasel.Element.prototype;
  const setDataset = proto.setDataset;
  proto.setDataset = function set(name, value) {
    setDataset.call(this, name, value);
    const dom = this.getBackendElement() as unknown as HTMLElement | null;
    if (dom === null || typeof dom.setAttribute !== 'function' || typeof value === 'object') return;
    dom.setAttribute(`data-${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`, String(value));
  };
}

/** The framework ignores an event whose handler is not there; WeChat's console complains. */
function reportMissingHandlers(failures: Failures): void {
  const getMethod = glassEasel.Component.getMethod.bind(glassEasel.Component);
  glassEasel.Component.getMethod = (component, name) => {
    const method = getMethod(component, name);
    if (method === undefined && name !== '') {
      failures.add('warning', `"${component.is}" has no method "${name}" to handle an event`);
    }
    return method;
  };
}
