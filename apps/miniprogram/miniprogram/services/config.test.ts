import { describe, expect, it } from 'vitest';
import { type BackendConfig, checkConfig, PLACEHOLDER_URL } from './backend-config.ts';

describe('[MP1] the configuration', () => {
  const cloud = { kind: 'cloud', env: 'prod-1', sdkAppId: 1400000001, media: { kind: 'trtc' } } as const;
  const own = { kind: 'self-hosted', baseUrl: 'https://meet.cn', login: 'guest' } as const;

  it.each<[BackendConfig, string | null]>([
    [own, null],
    [{ ...own, baseUrl: 'http://192.168.1.5:8080' }, null],
    [{ ...own, baseUrl: PLACEHOLDER_URL }, 'placeholder'],
    [{ ...own, baseUrl: 'https://meet.cn/' }, 'address'],
    [{ ...own, baseUrl: 'meet.cn' }, 'address'],
    [cloud, null],
    [{ ...cloud, env: '' }, 'env'],
    [{ ...cloud, sdkAppId: 0 }, 'application'],
  ])('%j: %s', (config, problem) => {
    expect(checkConfig(config)).toBe(problem);
  });

  it('refuses cloud functions with self-hosted media, for a reason', () => {
    const mixed: BackendConfig = { ...cloud, media: { kind: 'self-hosted', baseUrl: 'https://meet.cn' } };
    expect(checkConfig(mixed)).toBe('mixed');
  });
});
