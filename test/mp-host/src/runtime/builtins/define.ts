import type * as glassEasel from 'glass-easel';
import type { CodeSpace } from 'glass-easel-miniprogram-adapter';
import type { BuiltinTag } from '../../builtin-tags.ts';

export type PropertyType =
  | StringConstructor
  | NumberConstructor
  | BooleanConstructor
  | ArrayConstructor
  | ObjectConstructor
  | null;

/** A property with its default; the type follows from the default unless it is named. */
export type Properties = Record<string, unknown>;

/** A built-in component to the code behind it. */
export interface Builtin<P extends Properties> {
  readonly element: HTMLElement;
  readonly id: string;
  readonly dataset: Record<string, unknown>;
  readonly props: Readonly<P>;
  /** Sets a property from inside, so that `model:` bindings follow. */
  set<N extends keyof P & string>(name: N, value: P[N]): void;
  emit(name: string, detail: object, options?: { readonly bubbles?: boolean; readonly composed?: boolean }): void;
}

export interface Behaviour<P extends Properties> {
  /** Properties changed, or, at the beginning, all of them were set. */
  changed?(names: ReadonlySet<keyof P>): void;
  attached?(): void;
  detached?(): void;
}

/** Properties that every component has. */
const COMMON = {
  hidden: false,
  hoverClass: '',
  hoverStayTime: 0,
  hoverStartTime: 0,
  hoverStopPropagation: false,
  ariaLabel: '',
  ariaRole: '',
  ariaHidden: false,
  ariaModal: false,
  ariaDisabled: false,
  ariaChecked: false,
  ariaLive: '',
  animation: null,
} satisfies Properties;

type Caller = { readonly _$: glassEasel.GeneralComponent; readonly data: Properties };

/** Registers one of WeChat's own components under its tag, for every page and component. */
export function defineBuiltin<P extends Properties>(
  space: CodeSpace,
  tag: BuiltinTag,
  defaults: P,
  create: (self: Builtin<P>) => Behaviour<P>,
): void {
  const all: Properties = { ...COMMON, ...defaults };
  const behaviours = new WeakMap<object, Behaviour<P>>();
  const observers: Record<string, (this: Caller) => void> = {};
  for (const name of Object.keys(all)) {
    observers[name] = function observe() {
      common(this, name);
      behaviours.get(this._$)?.changed?.(new Set([name as keyof P]));
    };
  }
  const type = space
    .component(`wx/${tag}`)
    .definition({
      properties: Object.fromEntries(
        Object.entries(all).map(([name, value]) => [name, { type: typeOf(value), value }]),
      ) as never,
      observers: observers as never,
      lifetimes: {
        created(this: unknown) {
          const caller = this as Caller;
          behaviours.set(caller._$, create(handle<P>(caller)));
        },
        attached(this: unknown) {
          const behaviour = behaviours.get((this as Caller)._$);
          behaviour?.changed?.(new Set(Object.keys(defaults) as (keyof P)[]));
          behaviour?.attached?.();
        },
        detached(this: unknown) {
          behaviours.get((this as Caller)._$)?.detached?.();
        },
      },
    })
    .register();
  const definition = (type as unknown as { _$: glassEasel.GeneralComponentDefinition })._$;
  space.getComponentSpace().setGlobalUsingComponent(tag, definition);
}

function handle<P extends Properties>(caller: Caller): Builtin<P> {
  const component = caller._$;
  return {
    element: component.getBackendElement() as unknown as HTMLElement,
    get id() {
      return component.id;
    },
    get dataset() {
      return component.dataset;
    },
    get props() {
      return caller.data as P;
    },
    set: (name, value) => component.setData({ [name]: value }),
    emit: (name, detail, options = {}) => component.triggerEvent(name, detail, options),
  };
}

function common(caller: Caller, name: string): void {
  const element = caller._$.getBackendElement() as unknown as HTMLElement;
  const value = caller.data[name];
  if (name === 'hidden') element.hidden = value === true;
  else if (name.startsWith('aria')) {
    const attribute = name === 'ariaRole' ? 'role' : `aria-${name.slice(4).toLowerCase()}`;
    element.setAttribute(attribute, String(value));
  }
}

function typeOf(value: unknown): PropertyType {
  if (typeof value === 'string') return String;
  if (typeof value === 'number') return Number;
  if (typeof value === 'boolean') return Boolean;
  if (Array.isArray(value)) return Array;
  return null;
}

/** Makes an element of the browser inside a component's own. */
export function inside<T extends keyof HTMLElementTagNameMap>(element: HTMLElement, tag: T): HTMLElementTagNameMap[T] {
  const made = document.createElement(tag);
  element.prepend(made);
  return made;
}
