/**
 * Builds the project that WeChat's tool opens as it is: the mini program and the cloud functions, each into the folder that
 * project.config.json names.
 *
 * The mini program is one CommonJS file for each TypeScript file (ES2018), everything else copied. Relative imports stay
 * `require`s, so a module is one module for all pages. Packages of the workspace are put, tree-shaken, into the one file that
 * imports them.
 *
 *     node scripts/build.mjs [--project <folder>]
 *     node scripts/build.mjs --out <folder> [--source <folder>]    the mini program alone
 */
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { dirname, extname, join, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { node } from '../../../scripts/lib/places.mjs';

const here = fileURLToPath(new URL('..', import.meta.url));
/** Limit of WeChat for the main package, bytes. */
export const MAIN_PACKAGE_LIMIT = 2 * 1024 * 1024;
const COPIED = new Set(['.json', '.wxml', '.wxss', '.wxs', '.png', '.jpg', '.svg']);
/** Sources of styles/icons.wxss, and whatever tests need. */
const LEFT_OUT = ['images/icons/', '/testing/'];

/** Every file below a folder, as paths relative to it, with `/`. */
function filesBelow(folder, below = '') {
  return readdirSync(join(folder, below), { withFileTypes: true }).flatMap((entry) => {
    const path = below === '' ? entry.name : `${below}/${entry.name}`;
    return entry.isDirectory() ? filesBelow(folder, path) : [path];
  });
}

/** Relative imports become `require('./x.js')` of the built neighbour; packages are bundled in. */
const relativeStays = {
  name: 'relative-stays',
  setup({ onResolve }) {
    onResolve({ filter: /^\./ }, ({ path, importer, kind }) => {
      // Only what the mini program itself imports: inside a package all is bundled.
      if (kind === 'entry-point' || importer.split(sep).includes('packages')) return null;
      return { path: path.replace(/\.ts$/, '.js'), external: true };
    });
  },
};

/** Builds; answers the size of the package in bytes, and of its code. */
export async function buildMiniprogram({ source = join(here, 'miniprogram'), out = join(here, 'dist') } = {}) {
  const files = filesBelow(source).filter((path) => !LEFT_OUT.some((part) => `/${path}`.includes(part)));
  const scripts = files.filter((path) => /(?<!\.test|\.d)\.ts$/.test(path));
  rmSync(out, { recursive: true, force: true });
  mkdirSync(out, { recursive: true });
  await build({
    entryPoints: scripts.map((path) => join(source, path)),
    outdir: out,
    outbase: source,
    bundle: true,
    format: 'cjs',
    platform: 'neutral',
    mainFields: ['module', 'main'],
    target: 'es2018',
    charset: 'utf8',
    treeShaking: true,
    legalComments: 'none',
    logLevel: 'warning',
    plugins: [relativeStays],
  });
  for (const path of files) {
    if (!COPIED.has(extname(path)) || /(^|\/)tsconfig.*\.json$/.test(path)) continue;
    mkdirSync(dirname(join(out, path)), { recursive: true });
    cpSync(join(source, path), join(out, path));
  }
  dropEmptyScripts(out);
  checkPages(out);
  const built = filesBelow(out);
  const sizes = built.map((path) => [path, statSync(join(out, path)).size]);
  const bytes = sizes.reduce((sum, [, size]) => sum + size, 0);
  const code = sizes.filter(([path]) => path.endsWith('.js')).reduce((sum, [, size]) => sum + size, 0);
  if (bytes > MAIN_PACKAGE_LIMIT) throw new Error(`The main package has ${bytes} bytes; WeChat takes 2 MB.`);
  return { out, files: built.length, bytes, code };
}

/** Files of types alone are nothing at run time, and nobody requires them. */
function dropEmptyScripts(out) {
  const required = new Set();
  const scripts = filesBelow(out).filter((path) => path.endsWith('.js'));
  for (const path of scripts) {
    const text = readFileSync(join(out, path), 'utf8');
    for (const [, target] of text.matchAll(/require\("(\.[^"]+)"\)/g)) {
      const file = relative(out, resolve(dirname(join(out, path)), target))
        .split(sep)
        .join('/');
      if (!existsSync(join(out, file))) throw new Error(`${path} requires ${target}, which is not built.`);
      required.add(file);
    }
  }
  for (const path of scripts) {
    const page = existsSync(join(out, path.replace(/\.js$/, '.json'))) || path === 'app.js' || path === 'config.js';
    if (!page && !required.has(path)) rmSync(join(out, path));
  }
}

/** Every page of app.json has its four files, and every component that a page names is there. */
function checkPages(out) {
  const { pages } = JSON.parse(readFileSync(join(out, 'app.json'), 'utf8'));
  for (const page of pages) {
    for (const extension of ['js', 'json', 'wxml', 'wxss']) {
      if (!existsSync(join(out, `${page}.${extension}`))) throw new Error(`${page}.${extension} is missing.`);
    }
    const { usingComponents = {} } = JSON.parse(readFileSync(join(out, `${page}.json`), 'utf8'));
    for (const target of Object.values(usingComponents)) {
      const file = target.startsWith('/') ? join(out, target) : join(out, dirname(page), target);
      if (!existsSync(`${file}.js`)) throw new Error(`${page} uses ${target}, which is not there.`);
    }
  }
}

/** Both parts of a project, where its project.config.json says; that file comes along into another folder. */
export async function buildProject(project = here) {
  const settings = join(here, 'project.config.json');
  if (resolve(project) !== resolve(here)) {
    mkdirSync(project, { recursive: true });
    cpSync(settings, join(project, 'project.config.json'));
  }
  const { miniprogramRoot, cloudfunctionRoot } = JSON.parse(readFileSync(settings, 'utf8'));
  const functions = join(here, '..', 'cloudfunctions', 'scripts', 'build.ts');
  // By the Node that this repository brings along: the machine's own may read no TypeScript.
  execFileSync(node, [functions, '--out', join(project, cloudfunctionRoot)], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  return buildMiniprogram({ out: join(project, miniprogramRoot) });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const option = (name) => {
    const at = process.argv.indexOf(name);
    return at === -1 ? undefined : resolve(process.argv[at + 1] ?? '');
  };
  const [out, source] = [option('--out'), option('--source')];
  const built =
    out === undefined
      ? await buildProject(option('--project'))
      : await buildMiniprogram({ out, ...(source ? { source } : {}) });
  const kb = (size) => `${(size / 1024).toFixed(0)} kB`;
  const place = relative(process.cwd(), built.out) || '.';
  process.stdout.write(`${place}: ${built.files} files, ${kb(built.bytes)} (code ${kb(built.code)}) of 2048 kB\n`);
}
