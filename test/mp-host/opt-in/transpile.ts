import { rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import * as esbuild from 'esbuild';
import { readAppTree } from '../src/build/app-tree.ts';

const MODULES = fileURLToPath(new URL('../../../node_modules', import.meta.url));

/** Puts JavaScript in the place of every TypeScript of a mini program: application, pages and components, each in one file. */
export async function transpile(root: string): Promise<void> {
  const tree = readAppTree(root, []);
  const scripts = [tree.appScript, ...tree.units.map((unit) => unit.script)];
  for (const script of scripts) {
    if (script === null || !script.endsWith('.ts')) continue;
    await esbuild.build({
      entryPoints: [script],
      outfile: script.replace(/\.ts$/, '.js'),
      bundle: true,
      format: 'cjs',
      platform: 'neutral',
      mainFields: ['module', 'main'],
      target: 'es2018',
      // The copy lies elsewhere; packages are where they were.
      nodePaths: [MODULES],
      logLevel: 'error',
    });
    await rm(script);
  }
}
