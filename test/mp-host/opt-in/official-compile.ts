import { generateKeyPairSync } from 'node:crypto';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { argument, tool } from './tools.ts';
import { transpile } from './transpile.ts';

/** `miniprogram-ci`, as far as it is used here. */
interface Ci {
  readonly Project: new (options: object) => { attr: () => Promise<object> };
  getCompiledResult(options: object, target: string): Promise<unknown>;
}

const USAGE = 'node test/mp-host/opt-in/official-compile.ts <folder with app.json, or with project.config.json>';

/**
 * Compiles a mini program with WeChat's own tool, offline. It judges `app.json`, the JSON of pages and components, whether every
 * file is there, and JavaScript; it does not look into WXML and WXSS. Only the question what the account may do
 * goes to WeChat's servers, and that is answered here.
 */
const folder = resolve(argument(1, USAGE));
const work = mkdtempSync(join(tmpdir(), 'lianmai-compile-'));
try {
  const project = join(work, 'project');
  cpSync(folder, project, { recursive: true, filter: (path) => !path.includes('node_modules') });
  const config = join(project, 'project.config.json');
  if (!existsSync(config)) {
    writeFileSync(
      config,
      JSON.stringify({ appid: 'wx0000000000000000', compileType: 'miniprogram', miniprogramRoot: './' }),
    );
  }
  // The tool refuses placeholders; any well-formed id does.
  const settings = JSON.parse(readFileSync(config, 'utf8')) as { readonly miniprogramRoot?: string };
  writeFileSync(config, JSON.stringify({ ...settings, appid: 'wx0000000000000000' }));
  await transpile(join(project, settings.miniprogramRoot ?? ''));
  const key = join(work, 'key');
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 });
  writeFileSync(key, privateKey.export({ type: 'pkcs1', format: 'pem' }));
  const ci = tool<Ci>('miniprogram-ci', '2.1.42');
  const opened = new ci.Project({
    appid: 'wx0000000000000000',
    type: 'miniProgram',
    projectPath: project,
    privateKeyPath: key,
  });
  opened.attr = async () => ({
    platform: false,
    appType: 0,
    isSP: false,
    released: false,
    setting: { MaxCodeSize: 2, MaxSubpackageSubCodeSize: 2, MaxSubpackageFullCodeSize: 20 },
  });
  await ci.getCompiledResult(
    {
      project: opened,
      version: '0.0.0',
      desc: '',
      setting: { es6: true },
      onProgressUpdate() {},
    },
    join(work, 'out.zip'),
  );
  console.log('compiled');
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
} finally {
  rmSync(work, { recursive: true, force: true });
}
process.exit();
