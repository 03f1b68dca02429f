/** `npm run check`: strict types, lint, format and import directions. */
import { existsSync, readdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run } from './lib/children.mjs';
import { bin, installed, node, root } from './lib/places.mjs';

/** Every program of the workspace: the root one, and those with DOM types or settings of their own. */
function typescriptProjects() {
  const folders = ['packages', 'apps', 'test', 'bench'].flatMap((parent) => {
    const path = join(root, parent);
    if (!existsSync(path)) return [];
    return [path, ...readdirSync(path).map((name) => join(path, name))].flatMap((folder) => [
      folder,
      join(folder, 'pages'),
      join(folder, 'tests'),
    ]);
  });
  const projects = [root, ...folders].map((folder) => join(folder, 'tsconfig.json')).filter((path) => existsSync(path));
  return [...new Set(projects)];
}

/** @returns {Promise<{ passed: number, failed: number, skipped: number }>} */
export async function check() {
  const steps = typescriptProjects().map((project) => ({
    name: `types of ${relative(root, project)}`,
    command: node,
    args: [bin('tsc'), '-p', project],
  }));
  steps.push({ name: 'lint, format and import directions', command: bin('biome'), args: ['check', '.'] });
  const web = join(root, 'apps', 'web');
  if (existsSync(join(web, 'index.html'))) {
    steps.push({
      name: 'the web app builds',
      command: node,
      args: [join(root, 'node_modules', 'vite', 'bin', 'vite.js'), 'build', web, '--logLevel', 'warn'],
    });
  }
  const phone = join(root, 'apps', 'miniprogram');
  if (existsSync(join(phone, 'project.config.json'))) {
    steps.push({
      name: 'the mini program builds',
      command: node,
      args: [join(phone, 'scripts', 'build.mjs')],
    });
    steps.push({
      name: 'templates of the mini program, against its pages',
      command: node,
      args: [join(root, 'test', 'mp-host', 'src', 'check', 'main.ts'), join(phone, 'miniprogram')],
    });
  }
  const result = { passed: 0, failed: 0, skipped: 0 };
  for (const step of steps) {
    const { code } = await run(step.command, step.args, { cwd: root, quiet: true });
    console.log(`${code === 0 ? 'ok  ' : 'FAIL'} ${step.name}`);
    if (code === 0) result.passed += 1;
    else result.failed += 1;
  }
  return result;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  if (!installed) {
    console.error('check: the dependencies are not installed. Run "npm ci" first.');
    process.exit(69);
  }
  const { passed, failed } = await check();
  console.log(`${passed} passed, ${failed} failed`);
  process.exit(failed === 0 ? 0 : 1);
}
