import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as esbuild from 'esbuild';
import { type AppTree, readAppTree, readTheme, type Unit } from './app-tree.ts';
import { LOGIC_LAYER } from './logic-layer.ts';
import { BuildError, type Problem } from './problem.ts';
import { SCOPE_MARK } from './selectors.ts';
import { usingOf } from './tags.ts';
import { compileWxml } from './wxml.ts';
import { compileWxss } from './wxss.ts';

export interface BuildOptions {
  /** The folder with `app.json`. */
  readonly root: string;
  /** Replaces imports by other files, as `{ './config': '/absolute/config.test.ts' }`. */
  readonly alias?: Readonly<Record<string, string>>;
  /** Values for free names in the sources, as esbuild's `define`. */
  readonly define?: Readonly<Record<string, string>>;
}

/** A mini program and its host in one classic script, for Chromium and for jsdom. */
export interface Bundle {
  readonly code: string;
  readonly pages: readonly string[];
  readonly root: string;
}

const RUNTIME = fileURLToPath(new URL('../runtime/main.ts', import.meta.url));

/** Builds a mini program. Throws `BuildError`, with positions, when something in the sources is wrong. */
export async function build(options: BuildOptions): Promise<Bundle> {
  const problems: Problem[] = [];
  const root = resolve(options.root);
  const tree = readAppTree(root, problems);
  const styles = Object.fromEntries(tree.units.map((unit) => [unit.path, styleOf(tree, unit, problems)]));
  const appStyle = compileWxss(root, 'app.wxss', { scoped: false, host: null }, problems);
  const templates = existsAll(tree, problems) ? compileWxml(tree, problems) : '{}';
  const theme = readTheme(tree, problems);
  if (problems.length > 0) throw new BuildError(problems);
  const entry = [
    `const templates = ${templates};`,
    'globalThis.__mpBoot({',
    `  appJson: ${JSON.stringify(tree.app)},`,
    `  scopeMark: ${JSON.stringify(SCOPE_MARK)},`,
    `  theme: ${JSON.stringify(theme)},`,
    `  appStyle: ${JSON.stringify(appStyle)},`,
    `  startApp: () => { ${tree.appScript === null ? '' : `require(${JSON.stringify(tree.appScript)})`} },`,
    '  units: [',
    ...tree.units.map((unit) => unitSource(tree, unit, styles[unit.path] ?? '')),
    '  ],',
    '});',
  ].join('\n');
  const code = await bundle(entry, root, options);
  return { code, pages: tree.units.filter((unit) => unit.kind === 'page').map((unit) => unit.path), root };
}

function unitSource(tree: AppTree, unit: Unit, style: string): string {
  const script = unit.script === null ? '' : `require(${JSON.stringify(unit.script)})`;
  const json = { ...unit.json, usingComponents: usingOf(tree, unit) };
  const path = JSON.stringify(unit.path);
  return [
    `{ path: ${path}, kind: ${JSON.stringify(unit.kind)}, json: ${JSON.stringify(json)}, style: ${JSON.stringify(style)},`,
    ` template: templates[${path}], define: () => { ${script} } },`,
  ].join('');
}

function styleOf(tree: AppTree, unit: Unit, problems: Problem[]): string {
  const isComponent = unit.kind === 'component';
  const rules = { scoped: isComponent, host: isComponent ? `[wx-is="${unit.path}"]` : null };
  return compileWxss(tree.root, `${unit.path}.wxss`, rules, problems);
}

function existsAll(tree: AppTree, problems: Problem[]): boolean {
  let all = true;
  for (const unit of tree.units) {
    const file = `${unit.path}.wxml`;
    if (existsSync(join(tree.root, file))) continue;
    problems.push({ file, line: 1, column: 1, message: 'is missing' });
    all = false;
  }
  return all;
}

let runtime: Promise<string> | null = null;

/** The host's own script, which is the same for every mini program. */
async function buildRuntime(): Promise<string> {
  const result = await esbuild.build({
    ...COMMON,
    entryPoints: [RUNTIME],
    minifySyntax: true,
    define: { 'process.env.NODE_ENV': '"development"' },
    // One copy of the framework: the adapter is CommonJS and would bring a second.
    alias: { 'glass-easel': createRequire(import.meta.url).resolve('glass-easel') },
  });
  return result.outputFiles[0]?.text ?? '';
}

const COMMON = {
  bundle: true,
  write: false,
  format: 'iife',
  platform: 'browser',
  target: 'es2022',
  logLevel: 'silent',
} as const;

async function bundle(entry: string, root: string, options: BuildOptions): Promise<string> {
  runtime ??= buildRuntime();
  try {
    const result = await esbuild.build({
      ...COMMON,
      stdin: { contents: entry, resolveDir: root, sourcefile: 'mini-program.js', loader: 'js' },
      sourcemap: 'inline',
      sourcesContent: false,
      absWorkingDir: root,
      banner: { js: LOGIC_LAYER.before },
      footer: { js: LOGIC_LAYER.after },
      define: { ...options.define },
      plugins: aliasPlugin(options.alias),
      // The mini program's own tsconfig has paths of its tool, which mean nothing here.
      tsconfigRaw: { compilerOptions: { useDefineForClassFields: true, verbatimModuleSyntax: true } },
    });
    return `${await runtime}\n${result.outputFiles[0]?.text ?? ''}`;
  } catch (error) {
    const messages = (error as Partial<esbuild.BuildFailure>).errors;
    if (messages === undefined) throw error;
    throw new BuildError(
      messages.map(({ location, text }) => ({
        file: location?.file ?? 'mini-program.js',
        line: location?.line ?? 1,
        column: (location?.column ?? 0) + 1,
        message: text,
      })),
    );
  }
}

function aliasPlugin(alias: BuildOptions['alias']): esbuild.Plugin[] {
  if (alias === undefined) return [];
  return [
    {
      name: 'alias',
      setup(builder) {
        builder.onResolve({ filter: /.*/ }, ({ path }) => {
          const target = alias[path];
          return target === undefined ? undefined : { path: target };
        });
      },
    },
  ];
}
