import { posix } from 'node:path';
import { BUILTIN_TAGS, STRUCTURE_TAGS } from '../builtin-tags.ts';
import { type AppTree, resolveUnit, type Unit } from './app-tree.ts';
import { type Problem, positionOf } from './problem.ts';

/** Blanks out what holds no tags, keeping every offset. */
function withoutTexts(wxml: string): string {
  const blank = (text: string) => text.replace(/[^\n]/g, ' ');
  return wxml
    .replace(/<!--[\s\S]*?-->/g, blank)
    .replace(/(<wxs\b[^>]*>)([\s\S]*?)(<\/wxs>)/g, (_all, open: string, body: string, close: string) => {
      return `${open}${blank(body)}${close}`;
    })
    .replace(/\{\{[\s\S]*?\}\}/g, blank);
}

/**
 * Tags that nothing stands for: the framework would render them as unknown elements without a word, WeChat's tool refuses
 * them.
 * @param users the pages and components that render this file
 */
export function unknownTags(tree: AppTree, file: string, wxml: string, users: readonly Unit[]): Problem[] {
  const known = new Set<string>([...BUILTIN_TAGS, ...STRUCTURE_TAGS, ...Object.keys(tree.app.usingComponents ?? {})]);
  for (const unit of users) {
    for (const name of Object.keys(unit.json.usingComponents ?? {})) known.add(name);
    for (const name of Object.keys(unit.json.componentGenerics ?? {})) known.add(name);
  }
  const problems: Problem[] = [];
  const text = withoutTexts(wxml);
  for (const match of text.matchAll(/<([A-Za-z][\w-]*)/g)) {
    const tag = match[1] ?? '';
    if (known.has(tag)) continue;
    problems.push({
      file,
      ...positionOf(text, match.index + 1),
      message: `<${tag}> is neither a component of WeChat's that this host has nor in usingComponents`,
    });
  }
  return problems;
}

/** `usingComponents` of a unit with full paths, those of `app.json` included. */
export function usingOf(tree: AppTree, unit: Unit): Record<string, string> {
  const using: Record<string, string> = {};
  for (const [name, target] of Object.entries(tree.app.usingComponents ?? {})) {
    using[name] = `/${resolveUnit(tree.root, '', target)}`;
  }
  for (const [name, target] of Object.entries(unit.json.usingComponents ?? {})) {
    using[name] = `/${resolveUnit(tree.root, posix.dirname(unit.path), target)}`;
  }
  return using;
}
