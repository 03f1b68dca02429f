import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { EXIT, ExitError } from '../cli/exit.ts';
import { sampleFile, settingsTable } from './document.ts';
import { loadConfig } from './load.ts';
import { configSchema } from './schema.ts';
import { SETTINGS, type Setting } from './settings.ts';

const folder = mkdtempSync(join(tmpdir(), 'lianmai-config-'));
const root = fileURLToPath(new URL('../../../../', import.meta.url));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let files = 0;
function file(text: string): string {
  const path = join(folder, `${++files}.yaml`);
  writeFileSync(path, text);
  return path;
}

const load = (sources: Partial<Parameters<typeof loadConfig>[0]>) =>
  loadConfig({ file: file(''), environment: {}, ...sources });

/** The one sentence of a refusal. */
function refusal(sources: Partial<Parameters<typeof loadConfig>[0]>): ExitError {
  try {
    load(sources);
  } catch (error) {
    if (error instanceof ExitError) return error;
    throw error;
  }
  throw new Error('was accepted');
}

function at(value: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (node, key) => (typeof node === 'object' && node !== null ? Reflect.get(node, key) : undefined),
    value,
  );
}

/** A value other than the default, as text and as it should come out. Settings that only go in pairs bring the other. */
function example(setting: Setting): { text: string; value: unknown; also: Record<string, string> } {
  const special: Record<string, [string, unknown, Record<string, string>?]> = {
    'http.publicUrl': ['https://meet.example.com', 'https://meet.example.com'],
    'http.tls': ['off', 'off'],
    'http.tlsCert': ['a.crt', 'a.crt', { LIANMAI_TLS_KEY: 'a.key' }],
    'http.tlsKey': ['a.key', 'a.key', { LIANMAI_TLS_CERT: 'a.crt' }],
    'media.announcedIp': ['203.0.113.7, 2001:db8::7', ['203.0.113.7', '2001:db8::7']],
    'media.iceServers': ['[{"urls":["stun:s.example"]}]', [{ urls: ['stun:s.example'], username: '', credential: '' }]],
    'livekit.url': ['wss://lk.example', 'wss://lk.example', { LIVEKIT_API_KEY: 'k', LIVEKIT_API_SECRET: 's' }],
    'api.key': ['mykey', 'mykey', { LIANMAI_API_SECRET: '0123456789abcdef' }],
    'api.secret': ['0123456789abcdef', '0123456789abcdef', { LIANMAI_API_KEY: 'mykey' }],
    'engine.webhookUrls': ['https://a.example/hook', ['https://a.example/hook']],
    'identity.wechatAppId': ['wx1', 'wx1', { LIANMAI_WECHAT_SECRET: 's' }],
    'identity.wechatSecret': ['s', 's', { LIANMAI_WECHAT_APP_ID: 'wx1' }],
    'identity.wechatBaseUrl': ['http://stand-in.example/', 'http://stand-in.example'],
    databaseUrl: ['sqlite:/tmp/x.db', 'sqlite:/tmp/x.db'],
    'log.level': ['warn', 'warn'],
    'log.format': ['json', 'json'],
    'phones.mode': ['on', 'on'],
    'phones.codecProcesses': ['2', 2],
    'phones.rtmpPublicUrl': ['rtmp://push.example:2935/', 'rtmp://push.example:2935'],
  };
  const [text, value, also = {}] = special[setting.path.join('.')] ?? common(setting);
  return { text, value, also };
}

function common({ kind, defaultValue }: Setting): [string, unknown] {
  if (kind === 'boolean') return [String(!defaultValue), !defaultValue];
  if (kind === 'list') return ['10.0.0.1, 10.0.0.2', ['10.0.0.1', '10.0.0.2']];
  // Lower by one than the default, or in the middle where the default is the least.
  if (kind === 'number') return [String(Number(defaultValue) - 1), Number(defaultValue) - 1];
  return ['else', 'else'];
}

describe('settings', () => {
  it('[CF1] has every name that is promised', () => {
    const names = SETTINGS.map((setting) => setting.env);
    for (const name of [
      'PORT',
      'HOST',
      'DATA_DIR',
      'RTC_PORT',
      'ANNOUNCED_IP',
      'API_KEY',
      'API_SECRET',
      'PUBLIC_URL',
    ]) {
      expect(names).toContain(`LIANMAI_${name}`);
    }
    for (const name of ['TLS_CERT', 'TLS_KEY', 'TRUSTED_PROXIES', 'ICE_SERVERS'])
      expect(names).toContain(`LIANMAI_${name}`);
    for (const name of ['LIVEKIT_URL', 'LIVEKIT_API_KEY', 'LIVEKIT_API_SECRET', 'DATABASE_URL'])
      expect(names).toContain(name);
    expect(new Set(names).size).toBe(names.length);
    const flags = SETTINGS.map((setting) => setting.flag);
    expect(new Set(flags).size).toBe(flags.length);
  });

  it.each(SETTINGS.map((setting) => [setting.path.join('.'), setting] as const))(
    '[CF2] %s is set by file, environment and flag, the later winning',
    (_name, setting) => {
      const { text, value, also } = example(setting);
      expect(value).not.toEqual(setting.defaultValue);
      expect(at(load({ environment: { ...also, [setting.env]: text } }), setting.path)).toEqual(value);
      expect(at(load({ environment: also, flags: { [setting.flag]: text } }), setting.path)).toEqual(value);
      const tree = setting.path.reduceRight<unknown>((inner, key) => ({ [key]: inner }), value);
      const path = file(JSON.stringify(tree));
      expect(at(load({ file: path, environment: also }), setting.path)).toEqual(value);
      const wrong = { ...also, [setting.env]: setting.kind === 'json' ? '[]' : '1' };
      expect(at(load({ file: path, environment: wrong, flags: { [setting.flag]: text } }), setting.path)).toEqual(
        value,
      );
    },
  );

  it('[CF3] refuses unknown keys, by name, wherever they stand', () => {
    expect(refusal({ file: file('prot: 1') }).message).toBe(
      'There is no setting "prot". lianmai.sample.yaml lists them all.',
    );
    expect(refusal({ file: file('http: { prot: 1 }') }).message).toContain('"http.prot"');
    expect(refusal({ file: file('http: { prot: 1 }') }).exitCode).toBe(EXIT.config);
  });

  it.each([
    [{ environment: { LIANMAI_PORT: 'x' } }, 'The setting LIANMAI_PORT must be a number.'],
    [{ environment: { LIANMAI_PORT: '70000' } }, 'The setting http.port (given by LIANMAI_PORT): '],
    [{ flags: { port: '-1' } }, 'The setting http.port (given by --port): '],
    [{ environment: { LIANMAI_GUEST_LOGIN: 'maybe' } }, 'must be true or false'],
    [{ environment: { LIANMAI_ICE_SERVERS: '{' } }, 'must be JSON'],
    [
      { environment: { LIANMAI_ICE_SERVERS: '[{"urls":["http://x"]}]' } },
      'media.iceServers.0.urls.0 (given by LIANMAI_ICE_SERVERS)',
    ],
    [{ environment: { LIANMAI_ANNOUNCED_IP: 'example.com' } }, 'media.announcedIp.0 (given by LIANMAI_ANNOUNCED_IP)'],
    [{ environment: { DATABASE_URL: 'postgres://u:pass@h/db' } }, 'PostgreSQL is not served by this version'],
    [{ environment: { DATABASE_URL: 'mysql://h' } }, 'neither empty nor'],
    [{ environment: { LIVEKIT_URL: 'wss://x.example' } }, 'LIVEKIT_URL needs LIVEKIT_API_KEY'],
    [{ environment: { LIANMAI_TLS_CERT: 'x' } }, 'set together'],
    [{ environment: { LIANMAI_API_KEY: 'x' } }, 'set together'],
    [{ environment: { LIANMAI_API_KEY: 'x', LIANMAI_API_SECRET: 'tooshort' } }, 'api.secret'],
    [{ environment: { LIANMAI_PUBLIC_URL: 'ftp://x' } }, 'http.publicUrl'],
    [{ environment: { LIANMAI_DEFAULT_CAPACITY: '60' } }, 'must not be above maxCapacity'],
  ] as const)('[CF4] refuses %j in one sentence', (sources, expected) => {
    const { message, exitCode } = refusal(sources);
    expect(message).toContain(expected);
    expect(message).not.toContain('\n');
    expect(message).not.toContain('pass@');
    expect(message).not.toContain('tooshort');
    expect(exitCode).toBe(EXIT.config);
  });

  it.each([
    ['http: [', 'is not valid YAML'],
    ['- a', 'must hold settings by name'],
    ['text', 'must hold settings by name'],
    ['http: 5', 'The setting http'],
    [`a: &a [x]\nb: [${'*a,'.repeat(50)}]`, ''],
  ])('[CF4] refuses the file %j in one sentence', (text, expected) => {
    const { message, exitCode } = refusal({ file: file(text) });
    expect(message).toContain(expected);
    expect(message).not.toContain('\n');
    expect(exitCode).toBe(EXIT.config);
  });

  it('[CF4] names a file that is not there; an absent default file is none', () => {
    const { message, exitCode } = refusal({ file: join(folder, 'no.yaml') });
    expect(message).toContain('does not exist');
    expect(exitCode).toBe(EXIT.noInput);
    expect(loadConfig({ environment: {} })).toEqual(configSchema.parse({}));
  });

  it('[CF5] an empty variable and an empty section count as absent', () => {
    expect(load({ file: file('http:\nlog:\n'), environment: { LIANMAI_PORT: '' } })).toEqual(configSchema.parse({}));
  });

  it('[CF6] only one file of the server reads the environment', () => {
    const source = join(root, 'packages', 'server', 'src');
    const readers = readdirSync(source, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts') && !name.startsWith('testing'))
      .filter((name) => readFileSync(join(source, name), 'utf8').includes('process.env'));
    expect(readers).toEqual([join('config', 'environment.ts')]);
  });
});

describe('what is written about them', () => {
  it('[CF7] the sample file is the one made from the schema ("lianmai config")', () => {
    expect(readFileSync(join(root, 'lianmai.sample.yaml'), 'utf8')).toBe(sampleFile());
  });

  it('[CF7] the sample with everything switched on is valid and is the defaults', () => {
    const uncommented = sampleFile().replace(/^( *)#([A-Za-z]+:)/gm, '$1$2');
    expect(load({ file: file(uncommented) })).toEqual(configSchema.parse({}));
    for (const { path } of SETTINGS) expect(at(parse(uncommented), path), path.join('.')).toBeDefined();
  });

  it('[CF8] the table in the documentation is the one made from the schema ("lianmai config --table")', () => {
    expect(readFileSync(join(root, 'docs', 'configuration.md'), 'utf8')).toContain(settingsTable());
  });

  it('[CF9] the exit codes in the documentation are those of the command', () => {
    const text = readFileSync(join(root, 'docs', 'configuration.md'), 'utf8');
    for (const code of Object.values(EXIT)) expect(text, String(code)).toMatch(new RegExp(`^\\| ${code} \\|`, 'm'));
    expect(new Set(Object.values(EXIT)).size).toBe(Object.values(EXIT).length);
  });

  it('[CF7] every setting is described in both languages', () => {
    for (const { en, zh, path } of SETTINGS) {
      expect(en.length, path.join('.')).toBeGreaterThan(10);
      expect(zh, path.join('.')).toMatch(/\p{Script=Han}{2}/u);
    }
  });
});
