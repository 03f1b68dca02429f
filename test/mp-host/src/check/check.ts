import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { type TmplConvertedExpr, TmplGroup } from 'wxml-type-converter';
import { readAppTree, type Unit } from '../build/app-tree.ts';
import { type Problem, positionOf } from '../build/problem.ts';
import { readTemplates } from '../build/wxml.ts';
import { CAPTURE_TYPES, captureUnit, handlersOf, templateHead } from './capture.ts';

export interface CheckOptions {
  /** The folder with `app.json`. */
  readonly root: string;
}

/** One template as TypeScript, and the way back to its WXML. */
interface Converted {
  readonly unit: Unit;
  readonly code: string;
  readonly expression: TmplConvertedExpr;
  readonly source: string;
  /** Lines of the code, from 0, with the WXML's offset that each stands for. */
  readonly handlerLines: ReadonlyMap<number, number>;
}

const require = createRequire(import.meta.url);

/**
 * Checks every template of a mini program against the types of its page's or component's data, properties and methods: each
 * expression becomes TypeScript, which the compiler judges. Included files and named templates are not checked.
 */
export async function check({ root: given }: CheckOptions): Promise<Problem[]> {
  const root = resolve(given);
  const problems: Problem[] = [];
  const tree = readAppTree(root, problems);
  const group = TmplGroup.newDev();
  const folder = await mkdtemp(join(cacheFolder(root), 'wxml-'));
  try {
    readTemplates(group, tree, problems);
    if (problems.length > 0) return problems;
    const converted: Converted[] = [];
    for (const unit of tree.units) {
      const one = convert(group, root, unit);
      if (one === null) continue;
      converted.push(one);
      const file = join(folder, unit.path);
      await mkdir(dirname(file), { recursive: true });
      await writeFile(`${file}.wxml.ts`, one.code);
      const captured = scriptOf(unit);
      if (captured !== null) await writeFile(`${file}.ts`, captured);
    }
    await writeConfig(folder, root, converted);
    const output = await compile(folder);
    return locate(output, converted);
  } finally {
    group.free();
    await rm(folder, { recursive: true, force: true });
  }
}

function scriptOf(unit: Unit): string | null {
  return unit.script?.endsWith('.ts') ? captureUnit(readFileSync(unit.script, 'utf8')) : null;
}

function convert(group: TmplGroup, root: string, unit: Unit): Converted | null {
  const source = readFileSync(join(root, `${unit.path}.wxml`), 'utf8');
  const expression = group.getTmplConvertedExpr(unit.path, templateHead(unit, scriptOf(unit) !== null));
  const body = expression.code();
  if (body === undefined) return null;
  const lines = body.split('\n');
  const handlerLines = new Map<number, number>();
  for (const { name, offset } of handlersOf(source)) {
    handlerLines.set(lines.length, offset);
    lines.push(`void (methods.${name} satisfies Function);`);
  }
  return { unit, code: lines.join('\n'), expression, source, handlerLines };
}

/** Packages named in the scripts are found from here as from the sources. */
function cacheFolder(root: string): string {
  for (let folder = root; ; folder = dirname(folder)) {
    if (existsSync(join(folder, 'node_modules'))) return join(folder, 'node_modules');
    if (dirname(folder) === folder) return tmpdir();
  }
}

async function writeConfig(folder: string, root: string, converted: readonly Converted[]): Promise<void> {
  await writeFile(join(folder, 'capture.d.ts'), CAPTURE_TYPES);
  const config = {
    compilerOptions: {
      target: 'es2022',
      lib: ['es2022'],
      module: 'esnext',
      moduleResolution: 'bundler',
      strict: true,
      skipLibCheck: true,
      allowImportingTsExtensions: true,
      noEmit: true,
      types: [],
      // The changed scripts import their neighbours, which lie in the sources.
      rootDirs: [folder, root],
    },
    files: [
      require.resolve('miniprogram-api-typings/index.d.ts'),
      join(folder, 'capture.d.ts'),
      ...converted.map(({ unit }) => join(folder, `${unit.path}.wxml.ts`)),
    ],
    include: [`${root}/**/*.d.ts`],
  };
  await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(config));
}

function compile(folder: string): Promise<string> {
  const tsc = join(dirname(require.resolve('typescript/package.json')), 'bin', 'tsc');
  return new Promise((done, failed) => {
    execFile(process.execPath, [tsc, '-p', folder, '--pretty', 'false'], { cwd: folder }, (error, stdout, stderr) => {
      // 1 and 2 are the compiler's own: it has found errors.
      if (error !== null && (error.code === undefined || Number(error.code) > 2)) failed(error);
      else if (stderr !== '') failed(new Error(stderr));
      else done(stdout);
    });
  });
}

function locate(output: string, converted: readonly Converted[]): Problem[] {
  const problems: Problem[] = [];
  for (const match of output.matchAll(/^(.+)\.wxml\.ts\((\d+),(\d+)\): error (.+)$/gm)) {
    const [, path = '', lineText = '', columnText = '', message = ''] = match;
    const one = converted.find(({ unit }) => path === unit.path || path.endsWith(`/${unit.path}`));
    if (one === undefined) continue;
    problems.push({
      file: `${one.unit.path}.wxml`,
      ...place(one, Number(lineText) - 1, Number(columnText) - 1),
      message,
    });
  }
  const broken = /^(?!.*\.ts\().*error TS.*$/m.exec(output);
  if (broken !== null) throw new Error(`the type check could not run: ${broken[0]}`);
  return problems;
}

function place(one: Converted, line: number, column: number): { readonly line: number; readonly column: number } {
  const handler = one.handlerLines.get(line);
  if (handler !== undefined) return positionOf(one.source, handler);
  const [fromLine = 0, fromColumn = 0] = one.expression.getSourceLocation(line, column, line, column) ?? [];
  return { line: fromLine + 1, column: fromColumn + 1 };
}
