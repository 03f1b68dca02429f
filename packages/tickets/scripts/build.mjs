// Builds the package as it is published: plain JavaScript with types in dist/, with a package.json of its own there.
// `npm publish packages/tickets/dist` publishes it. Inside this repository the sources are used directly.
import { execFileSync } from 'node:child_process';
import { copyFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const home = join(dirname(fileURLToPath(import.meta.url)), '..');
const outDir = process.argv[2] ?? join(home, 'dist');
const tsc = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin/tsc');

rmSync(outDir, { recursive: true, force: true });
execFileSync(process.execPath, [tsc, '-p', join(home, 'tsconfig.build.json'), '--outDir', outDir], {
  stdio: 'inherit',
});

const { name, version, description, license, type } = JSON.parse(readFileSync(join(home, 'package.json'), 'utf8'));
const published = {
  name,
  version,
  description,
  license,
  type,
  engines: { node: '>=18' },
  exports: { '.': { types: './index.d.ts', default: './index.js' } },
  dependencies: {},
};
writeFileSync(join(outDir, 'package.json'), `${JSON.stringify(published, null, 2)}\n`);
copyFileSync(join(home, 'README.md'), join(outDir, 'README.md'));
copyFileSync(join(home, '../../LICENSE'), join(outDir, 'LICENSE'));
