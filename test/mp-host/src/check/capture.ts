import type { Unit } from '../build/app-tree.ts';

/**
 * Declarations that turn the call of `Page` or `Component` into a value whose type is that of the instance. WeChat's own type of
 * `Page` lets every name pass, so it is not used here.
 */
export const CAPTURE_TYPES = `
declare function __Page<T extends { data?: object }>(options: T & ThisType<any>): T & { data: T['data'] };
declare function __Page<TData extends object, TCustom extends object>(
  options: TCustom & { data?: TData } & ThisType<any>
): TCustom & { data: TData };
declare function __Component<
  TData extends WechatMiniprogram.Component.DataOption,
  TProperty extends WechatMiniprogram.Component.PropertyOption,
  TMethod extends WechatMiniprogram.Component.MethodOption,
  TBehavior extends WechatMiniprogram.Component.BehaviorOption,
  TCustom extends WechatMiniprogram.IAnyObject = {},
  TIsPage extends boolean = false
>(
  options: WechatMiniprogram.Component.Options<TData, TProperty, TMethod, TBehavior, TCustom, TIsPage>
): WechatMiniprogram.Component.Instance<TData, TProperty, TMethod, TBehavior, TCustom, TIsPage>;
`;

/**
 * A unit's script that exports its instance as `__unit`; `null` when it does not call `Page` or `Component` at the beginning of a
 * line, so that nothing is known of its data.
 */
export function captureUnit(source: string): string | null {
  const call = /^(Page|Component)(?=\s*[<(])/m;
  return call.test(source) ? source.replace(call, 'export const __unit = __$1') : null;
}

/** The lines before a unit's converted template: the names that it uses. */
export function templateHead(unit: Unit, captured: boolean): string {
  if (!captured) return 'declare const data: any; declare const methods: any; declare const tags: any; export {};\n';
  const name = unit.path.split('/').at(-1) ?? '';
  return [
    `import { __unit } from './${name}.ts';`,
    "declare const data: (typeof __unit)['data']; declare const methods: typeof __unit; declare const tags: any;",
    '',
  ].join('\n');
}

/** A handler named in a template in the old spelling, `bindtap`, which the converter takes for a property. */
export interface Handler {
  readonly name: string;
  /** Offset in the WXML. */
  readonly offset: number;
}

/** Handlers of `bindtap="name"` and its like. */
export function handlersOf(wxml: string): Handler[] {
  const found: Handler[] = [];
  for (const match of wxml.matchAll(
    /\s(?:capture-|mut-)?(?:bind|catch)([a-zA-Z]\w*)\s*=\s*(["'])([A-Za-z_$][\w$]*)\2/g,
  )) {
    const name = match[3] ?? '';
    found.push({ name, offset: match.index + match[0].length - 1 - name.length });
  }
  return found;
}
