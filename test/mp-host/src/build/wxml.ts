import { existsSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { TmplGroup } from 'glass-easel-template-compiler';
import type { AppTree, Unit } from './app-tree.ts';
import { type Problem, positionOf } from './problem.ts';
import { unknownTags } from './tags.ts';

/** What `addTmpl` of the compiler returns for each trouble; lines and columns count from 0. */
interface TemplateTrouble {
  readonly isError: boolean;
  readonly message: string;
  readonly startLine: number;
  readonly startColumn: number;
}

/** Both versions of the compiler, as far as files are read into them. */
export interface TemplateGroup {
  addTmpl(path: string, source: string): unknown;
  addScript(path: string, source: string): void;
  getDirectDependencies(path: string): string[];
  getScriptDependencies(path: string): string[];
}

/** A source file that a group needs, and which units render it. */
interface Wanted {
  readonly path: string;
  readonly users: Set<Unit>;
}

/**
 * Compiles the WXML of every unit with the templates and WXS modules it names.
 * @returns JavaScript: an expression whose value maps a path to its compiled template
 */
export function compileWxml(tree: AppTree, problems: Problem[]): string {
  const group = new TmplGroup();
  try {
    readTemplates(group, tree, problems);
    return group.getTmplGenObjectGroups();
  } finally {
    group.free();
  }
}

/** Reads every template and WXS module into a group; what is wrong in them goes to `problems`. */
export function readTemplates(group: TemplateGroup, tree: AppTree, problems: Problem[]): void {
  const wanted = new Map<string, Wanted>();
  const scripts = new Set<string>();
  const want = (path: string, users: Iterable<Unit>) => {
    const found = wanted.get(path) ?? { path, users: new Set<Unit>() };
    for (const user of users) found.users.add(user);
    wanted.set(path, found);
  };
  for (const unit of tree.units) want(unit.path, [unit]);
  const sources = new Map<string, string>();
  // A Map may grow while it is walked: what a template imports comes after it.
  for (const { path, users } of wanted.values()) {
    const file = `${path}.wxml`;
    const source = readFileSync(join(tree.root, file), 'utf8');
    sources.set(path, source);
    for (const trouble of group.addTmpl(path, source) as TemplateTrouble[]) {
      problems.push({
        file,
        line: trouble.startLine + 1,
        column: trouble.startColumn + 1,
        message: `${trouble.message}${trouble.isError ? '' : ' (warning)'}`,
      });
    }
    for (const target of group.getDirectDependencies(path)) {
      if (existsSync(join(tree.root, `${target}.wxml`))) want(target, users);
      else problems.push(missing(file, source, target, 'template'));
    }
    for (const target of group.getScriptDependencies(path)) {
      addScript(group, tree.root, target, { file, source }, scripts, problems);
    }
  }
  for (const { path, users } of wanted.values()) {
    problems.push(...unknownTags(tree, `${path}.wxml`, sources.get(path) ?? '', [...users]));
  }
}

function addScript(
  group: TemplateGroup,
  root: string,
  path: string,
  from: { readonly file: string; readonly source: string },
  seen: Set<string>,
  problems: Problem[],
): void {
  const name = path.replace(/\.wxs$/, '');
  if (seen.has(name)) return;
  seen.add(name);
  const file = join(root, `${name}.wxs`);
  if (!existsSync(file)) {
    problems.push(missing(from.file, from.source, name, 'WXS module'));
    return;
  }
  const source = readFileSync(file, 'utf8');
  // The compiler looks a module up by the path as written, with its ending.
  group.addScript(name, source.replace(/require\(\s*(["'])(.+?)\.wxs\1\s*\)/g, 'require($1$2$1)'));
  for (const match of source.matchAll(/require\(\s*["'](.+?)["']\s*\)/g)) {
    const target = match[1] ?? '';
    const next = target.startsWith('/') ? target.slice(1) : posix.join(posix.dirname(name), target);
    addScript(group, root, next, { file: `${name}.wxs`, source }, seen, problems);
  }
}

function missing(file: string, source: string, target: string, what: string): Problem {
  const at = source.indexOf(posix.basename(target));
  return { file, ...positionOf(source, Math.max(at, 0)), message: `${what} "${target}" is not there` };
}
