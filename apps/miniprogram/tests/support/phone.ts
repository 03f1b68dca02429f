import { fileURLToPath } from 'node:url';
import { type Bundle, build } from '@lianmai/mp-host/build';
import { type JsdomOptions, type JsdomPhone, openInJsdom } from '@lianmai/mp-host/jsdom';

export const SOURCE = fileURLToPath(new URL('../../miniprogram', import.meta.url));
const here = fileURLToPath(new URL('.', import.meta.url));

export type Configuration = 'guest' | 'wechat' | 'cloud';

/** The mini program as it is, with another configuration; built once for each. */
export function bundleFor(configuration: Configuration, serverUrl: string): Promise<Bundle> {
  return build({
    root: SOURCE,
    alias: { '../config.ts': `${here}config.${configuration}.ts` },
    define: { SERVER_URL: JSON.stringify(serverUrl) },
  });
}

/** The mini program as it is delivered. */
export function bundleAsDelivered(): Promise<Bundle> {
  return build({ root: SOURCE });
}

export interface PhoneOptions extends JsdomOptions {
  readonly language?: 'zh_CN' | 'en';
  /** A guest's name from an earlier visit. */
  readonly name?: string;
}

export function openPhone(bundle: Bundle, options: PhoneOptions = {}): Promise<JsdomPhone> {
  return openInJsdom(bundle, {
    ...options,
    prepare: (host) => {
      host.device.language = options.language ?? 'en';
      if (options.name !== undefined) host.storage.set('lianmai.name', options.name);
      options.prepare?.(host);
    },
  });
}
