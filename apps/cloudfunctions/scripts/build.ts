/**
 * Bundles every function into a folder that CloudBase takes as it is: `dist/<name>/{index.js, package.json, config.json}`.
 * CommonJS for Node.js 16.13, the oldest that CloudBase offers; wx-server-sdk is installed in the cloud, in a pinned version.
 *
 *     node scripts/build.ts [--out <folder>]
 */
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join, parse, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type Plugin } from 'esbuild';

const app = fileURLToPath(new URL('..', import.meta.url));

/** Seconds, minutes, hours, days, months, weekdays, years. */
const TIMERS: Readonly<Record<string, string>> = { 'webrtc-sweep': '0 */1 * * * * *' };

/** zod's messages in fifty languages are half of a bundle, and only the English ones are ever used. */
const englishOnly: Plugin = {
  name: 'english-only',
  setup({ onLoad }) {
    onLoad({ filter: /[\\/]zod[\\/]v4[\\/]locales[\\/]index\.js$/ }, () => ({
      contents: "export { default as en } from './en.js';",
      loader: 'js',
    }));
  },
};

/** The functions' names: those of their sources. */
export function functionNames(): string[] {
  return readdirSync(join(app, 'src/functions')).map((name) => parse(name).name);
}

export interface BuiltFunction {
  readonly name: string;
  readonly folder: string;
  readonly bytes: number;
}

/** Builds them all into a folder that is emptied first. */
export async function buildFunctions(out: string): Promise<BuiltFunction[]> {
  rmSync(out, { recursive: true, force: true });
  const { version, devDependencies } = readJson(join(app, 'package.json'));
  const sdk = devDependencies['wx-server-sdk'];
  if (sdk === undefined || !/^[0-9.]+$/.test(sdk)) throw new Error('wx-server-sdk must be pinned in package.json.');
  const names = functionNames();
  await build({
    entryPoints: names.map((name) => ({ in: join(app, 'src/functions', `${name}.ts`), out: `${name}/index` })),
    outdir: out,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node16.13',
    inject: [join(app, 'src/older-node.ts')],
    external: ['wx-server-sdk'],
    plugins: [englishOnly],
    minifySyntax: true,
    minifyWhitespace: true,
    charset: 'utf8',
    legalComments: 'none',
    logLevel: 'warning',
  });
  return names.map((name) => {
    const folder = join(out, name);
    const manifest = { name, version, private: true, main: 'index.js', dependencies: { 'wx-server-sdk': sdk } };
    writeJson(join(folder, 'package.json'), manifest);
    const timer = TIMERS[name];
    const triggers = timer === undefined ? {} : { triggers: [{ name, type: 'timer', config: timer }] };
    writeJson(join(folder, 'config.json'), { permissions: { openapi: [] }, ...triggers });
    return { name, folder, bytes: statSync(join(folder, 'index.js')).size };
  });
}

function readJson(path: string): { version: string; devDependencies: Record<string, string> } {
  return JSON.parse(readFileSync(path, 'utf8')) as ReturnType<typeof readJson>;
}

function writeJson(path: string, value: unknown): void {
  writeFileSync(path, `${JSON.stringify(value, null, 2)}\n`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const at = process.argv.indexOf('--out');
  const built = await buildFunctions(at === -1 ? join(app, 'dist') : resolve(process.argv[at + 1] ?? ''));
  for (const { name, bytes } of built) console.log(`${name.padEnd(26)} ${(bytes / 1024).toFixed(0).padStart(4)} KB`);
}
