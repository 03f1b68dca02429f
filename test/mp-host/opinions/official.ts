/**
 * A process of its own for WeChat's compiler: `node official.ts <folder of the tool> <jobs.json> <answers.json>`. One after the other
 * it builds npm, compiles, or tries to leave the machine. It makes a folder with a hash for a name where it stands, so it
 * must be started in a folder that is thrown away.
 */
import { generateKeyPairSync } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { connect } from 'node:net';
import { join } from 'node:path';

export type Job =
  | { readonly type: 'compile'; readonly project: string }
  | { readonly type: 'pack-npm'; readonly project: string }
  | { readonly type: 'connect'; readonly port: number };

export interface Answer {
  /** What went wrong, in the tool's words; empty when nothing did. */
  readonly error: string;
  /** Compiled files with their sizes in bytes; empty for other jobs. */
  readonly files: Readonly<Record<string, number>>;
  /** What 构建 npm warned of. */
  readonly warnings: readonly unknown[];
}

/** `miniprogram-ci`, as far as it is used here. */
interface Ci {
  readonly Project: new (options: object) => object;
  getCompiledResult(options: object): Promise<Readonly<Record<string, string | Buffer>>>;
  packNpm(project: object, options: object): Promise<readonly unknown[]>;
}

const [tool, jobs, answers] = process.argv.slice(2) as [string, string, string];
const ci = createRequire(join(tool, 'package.json'))('miniprogram-ci') as Ci;
const { privateKey } = generateKeyPairSync('rsa', {
  modulusLength: 2_048,
  privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
  publicKeyEncoding: { type: 'pkcs1', format: 'pem' },
});

/** What WeChat's servers would tell of the account: limits in megabytes. */
const ATTRIBUTES = {
  platform: false,
  appType: 0,
  isSP: false,
  released: false,
  setting: { MaxCodeSize: 2, MaxSubpackageSubCodeSize: 2, MaxSubpackageFullCodeSize: 20 },
};

interface Config {
  readonly appid: string;
  readonly setting?: object;
}

function readConfig(folder: string): Config {
  return JSON.parse(readFileSync(join(folder, 'project.config.json'), 'utf8')) as Config;
}

function open(folder: string, { appid }: Config): object {
  return new ci.Project({ appid, type: 'miniProgram', projectPath: folder, privateKey, attr: async () => ATTRIBUTES });
}

async function answer(job: Job): Promise<Omit<Answer, 'error'>> {
  switch (job.type) {
    case 'compile': {
      const config = readConfig(job.project);
      const project = open(job.project, config);
      // The project's own settings, as its upload would take them.
      const compiled = await ci.getCompiledResult({
        project,
        version: '0.0.0',
        desc: '',
        setting: config.setting ?? {},
      });
      const files = Object.entries(compiled).map(([path, content]) => [path, Buffer.byteLength(content)] as const);
      return { files: Object.fromEntries(files), warnings: [] };
    }
    case 'pack-npm': {
      const warnings = await ci.packNpm(open(job.project, readConfig(job.project)), { reporter() {} });
      return { files: {}, warnings };
    }
    case 'connect':
      await new Promise<void>((resolve, reject) => {
        connect(job.port, '127.0.0.1', resolve).on('error', reject);
      });
      return { files: {}, warnings: [] };
  }
}

const done: Answer[] = [];
for (const job of JSON.parse(readFileSync(jobs, 'utf8')) as readonly Job[]) {
  try {
    done.push({ error: '', ...(await answer(job)) });
  } catch (error) {
    done.push({ error: error instanceof Error ? error.message : String(error), files: {}, warnings: [] });
  }
}
writeFileSync(answers, JSON.stringify(done));
// Its own children wait for more.
process.exit(0);
