import { existsSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import postcss, { CssSyntaxError, type Root } from 'postcss';
import type { Problem } from './problem.ts';
import { rewriteSelector, type SelectorRules } from './selectors.ts';

const RPX = /(-?[\d.]+)rpx\b/g;

/** 750rpx is the width of the screen; the host sets `--rpx` to a 750th of it. */
export function convertRpx(value: string): string {
  return value.replace(RPX, 'calc(var(--rpx) * $1)');
}

/**
 * Compiles one WXSS file, with what it imports, to CSS.
 * @param file path from the root, with its ending
 */
export function compileWxss(root: string, file: string, rules: SelectorRules, problems: Problem[]): string {
  const tree = parse(root, file, problems, new Set());
  if (tree === null) return '';
  tree.walkDecls((declaration) => {
    if (declaration.value.includes('rpx')) declaration.value = convertRpx(declaration.value);
  });
  tree.walkAtRules((rule) => {
    if (rule.params.includes('rpx')) {
      const start = rule.source?.start ?? { line: 1, column: 1 };
      problems.push({ file, ...pick(start), message: `rpx in @${rule.name} has no meaning` });
    }
  });
  tree.walkRules((rule) => {
    const parent = rule.parent;
    if (parent?.type === 'atrule' && 'name' in parent && /keyframes$/.test(String(parent.name))) return;
    rule.selector = rewriteSelector(rule.selector, rules);
  });
  return tree.toString();
}

function parse(root: string, file: string, problems: Problem[], seen: Set<string>): Root | null {
  if (seen.has(file)) return null;
  seen.add(file);
  const path = join(root, file);
  if (!existsSync(path)) return null;
  let tree: Root;
  try {
    tree = postcss.parse(readFileSync(path, 'utf8'), { from: file });
  } catch (error) {
    if (!(error instanceof CssSyntaxError)) throw error;
    problems.push({ file, line: error.line ?? 1, column: error.column ?? 1, message: error.reason });
    return null;
  }
  tree.walkAtRules('import', (rule) => {
    const name = /^\s*(?:url\()?["']?([^"')]+)["']?\)?/.exec(rule.params)?.[1] ?? '';
    const target = name.startsWith('/') ? name.slice(1) : posix.join(posix.dirname(file), name);
    if (!existsSync(join(root, target))) {
      const start = rule.source?.start ?? { line: 1, column: 1 };
      problems.push({ file, ...pick(start), message: `@import of "${name}", which is not there` });
      rule.remove();
      return;
    }
    const imported = parse(root, target, problems, seen);
    if (imported === null) rule.remove();
    else rule.replaceWith(imported.nodes);
  });
  return tree;
}

function pick(start: { readonly line: number; readonly column: number }): { line: number; column: number } {
  return { line: start.line, column: start.column };
}
