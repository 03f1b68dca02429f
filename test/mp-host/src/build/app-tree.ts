import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import type { Problem } from './problem.ts';

/** `app.json`, as far as this host reads it. */
export interface AppJson {
  readonly pages: readonly string[];
  readonly subpackages?: readonly { readonly root: string; readonly pages: readonly string[] }[];
  readonly subPackages?: AppJson['subpackages'];
  readonly usingComponents?: Readonly<Record<string, string>>;
  readonly window?: Readonly<Record<string, unknown>>;
  readonly tabBar?: { readonly list: readonly { readonly pagePath: string; readonly text: string }[] };
  readonly [key: string]: unknown;
}

/** The JSON of a page or a component. */
export interface UnitJson {
  readonly component?: boolean;
  readonly usingComponents?: Readonly<Record<string, string>>;
  readonly componentGenerics?: Readonly<Record<string, true | { readonly default?: string }>>;
  readonly styleIsolation?: string;
  readonly [key: string]: unknown;
}

/** A page or component: four files with one name. */
export interface Unit {
  /** Path from the root, without a file ending. */
  readonly path: string;
  readonly kind: 'page' | 'component';
  readonly json: UnitJson;
  /** The file with the logic; `null` when there is none. */
  readonly script: string | null;
}

export interface AppTree {
  readonly root: string;
  readonly app: AppJson;
  /** `app.ts` or `app.js`. */
  readonly appScript: string | null;
  readonly units: readonly Unit[];
}

/** Reads `app.json` and follows pages and `usingComponents`; what is missing goes to `problems`. */
export function readAppTree(root: string, problems: Problem[]): AppTree {
  const appFile = join(root, 'app.json');
  const app = readJson<AppJson>(appFile, 'app.json', problems) ?? { pages: [] };
  const units = new Map<string, Unit>();
  const queue: { path: string; kind: Unit['kind']; from: string }[] = pagesOf(app).map((path) => ({
    path,
    kind: 'page',
    from: 'app.json',
  }));
  for (const target of Object.values(app.usingComponents ?? {})) {
    queue.push({ path: resolveUnit(root, '', target), kind: 'component', from: 'app.json' });
  }
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
    const { path, kind, from } = next;
    if (units.has(path)) continue;
    if (!existsSync(join(root, `${path}.wxml`)) && !existsSync(join(root, `${path}.json`))) {
      problems.push({ file: from, line: 1, column: 1, message: `${kind} "${path}" is named here but not there` });
      continue;
    }
    const file = `${path}.json`;
    const json = existsSync(join(root, file)) ? (readJson<UnitJson>(join(root, file), file, problems) ?? {}) : {};
    if (kind === 'component' && json.component !== true) {
      problems.push({ file, line: 1, column: 1, message: 'is used as a component and lacks "component": true' });
    }
    units.set(path, { path, kind, json, script: scriptOf(root, path) });
    const defaults = Object.values(json.componentGenerics ?? {}).map((one) => (one === true ? undefined : one.default));
    for (const target of [...Object.values(json.usingComponents ?? {}), ...defaults]) {
      if (target === undefined) continue;
      queue.push({ path: resolveUnit(root, posix.dirname(path), target), kind: 'component', from: file });
    }
  }
  return { root, app, appScript: scriptOf(root, 'app'), units: [...units.values()] };
}

/** Every page of the application, those of subpackages too. */
export function pagesOf(app: AppJson): string[] {
  const more = (app.subpackages ?? app.subPackages ?? []).flatMap((one) =>
    one.pages.map((page) => posix.join(one.root, page)),
  );
  return [...app.pages, ...more];
}

/** The path of a component named in `usingComponents`: absolute, relative, or in `miniprogram_npm`. */
export function resolveUnit(root: string, folder: string, target: string): string {
  if (target.startsWith('/')) return target.slice(1);
  const relative = posix.join(folder, target);
  if (existsSync(join(root, `${relative}.json`)) || target.startsWith('.')) return relative;
  for (const packed of [posix.join('miniprogram_npm', target), posix.join('miniprogram_npm', target, 'index')]) {
    if (existsSync(join(root, `${packed}.json`))) return packed;
  }
  return relative;
}

/** Values of `@name` in `app.json` and in the JSON of pages, for either theme. */
export interface Theme {
  readonly light: Readonly<Record<string, string>>;
  readonly dark: Readonly<Record<string, string>>;
}

/** Reads the file of `themeLocation`. */
export function readTheme(tree: AppTree, problems: Problem[]): Theme {
  const name = tree.app['themeLocation'];
  const nothing = { light: {}, dark: {} };
  if (typeof name !== 'string') return nothing;
  return readJson<Theme>(join(tree.root, name), name, problems) ?? nothing;
}

function scriptOf(root: string, path: string): string | null {
  for (const ending of ['.ts', '.js']) {
    const file = join(root, `${path}${ending}`);
    if (existsSync(file)) return file;
  }
  return null;
}

function readJson<T>(file: string, name: string, problems: Problem[]): T | null {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as T;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    problems.push({ file: name, line: 1, column: 1, message: `cannot be read: ${message.replace(dirname(file), '')}` });
    return null;
  }
}
