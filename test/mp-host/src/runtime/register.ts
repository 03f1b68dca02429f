import type * as glassEasel from 'glass-easel';
import type { CodeSpace } from 'glass-easel-miniprogram-adapter';
import { instancesIn } from './definition.ts';
import { raise } from './failures.ts';
import { add, type PageStyles } from './styles.ts';
import type { BuiltUnit } from './types.ts';

type Definition = { readonly options?: { readonly styleIsolation?: string; readonly addGlobalClass?: boolean } };
type Constructor = (definition?: Definition) => unknown;

/** Makes one page or component known: its template, its styles, and, by running its script, its logic. */
export function registerUnit(space: CodeSpace, unit: BuiltUnit, scopeMark: string, styles: PageStyles): void {
  const scope = unit.path.replaceAll('/', '_');
  space.addStyleSheet(unit.path, undefined, scope);
  space.addCompiledTemplate(unit.path, {
    content: unit.template,
    fallbackListenerOnNativeNode: true,
  } as glassEasel.template.ComponentTemplate);
  const config = (more: Definition['options'] = {}) => {
    const json = { ...unit.json, component: unit.kind === 'component', ...more };
    space.addComponentStaticConfig(unit.path, json as Parameters<CodeSpace['addComponentStaticConfig']>[1]);
    return json.styleIsolation ?? '';
  };
  let isolation = config();
  let defined = 0;
  const count =
    (run: Constructor): Constructor =>
    (definition) => {
      defined += 1;
      for (const place of instancesIn(definition)) {
        raise(
          new Error(`${unit.path}: ${place} is an instance of a class, of which WeChat's copy keeps the fields alone`),
        );
      }
      // The adapter reads these two from the JSON alone; WeChat takes them from `options` as well.
      if (definition?.options !== undefined) isolation = config(pick(definition.options)) || isolation;
      return run(definition);
    };
  const globals = window as unknown as Record<string, unknown>;
  space.globalComponentEnv(window, unit.path, () => {
    globals['Page'] = count(globals['Page'] as Constructor);
    globals['Component'] = count(globals['Component'] as Constructor);
    unit.define();
    if (defined === 0) (globals['Component'] as Constructor)({});
  });
  if (unit.kind === 'page') styles.set(unit.path, unit.style);
  else
    add(
      unit.path,
      unit.style.replaceAll(
        scopeMark,
        isolation.endsWith('shared') && !isolation.includes('apply') ? '' : `${scope}--`,
      ),
    );
}

function pick(options: NonNullable<Definition['options']>): Definition['options'] {
  const { styleIsolation, addGlobalClass } = options;
  return {
    ...(styleIsolation === undefined ? {} : { styleIsolation }),
    ...(addGlobalClass === undefined ? {} : { addGlobalClass }),
  };
}
