import { LianmaiError } from '@lianmai/protocol';
import type { Config } from '../config/schema.ts';
import { ensureCredentials, makeApiKey, makeTicketKeys } from '../store/application.ts';
import { openStores } from '../store/open.ts';
import { EXIT, ExitError } from './exit.ts';
import { printJson } from './output.ts';

/** `lianmai keys` */
export async function keys(config: Config): Promise<void> {
  const stores = await openStores(config);
  try {
    const { application, api } = await ensureCredentials(stores, config);
    printJson({
      application: {
        sdkAppID: application.sdkAppId,
        accountType: application.accountType,
        privateKey: application.privateKeyPem,
        publicKey: application.publicKeyPem,
      },
      api: { key: api.key, secret: api.secret },
    });
  } catch (error) {
    if (error instanceof LianmaiError) throw new ExitError(EXIT.store, error.message);
    throw error;
  } finally {
    await stores.close();
  }
}

/** `lianmai keygen` */
export function keygen(options: { curve: string; api?: true }): void {
  if (options.api === true) {
    const { apiKey, apiSecret } = makeApiKey();
    printJson({ key: apiKey, secret: apiSecret });
    return;
  }
  const { curve } = options;
  if (curve !== 'prime256v1' && curve !== 'secp256k1') {
    throw new ExitError(EXIT.usage, '--curve must be prime256v1 or secp256k1.');
  }
  const { privateKeyPem, publicKeyPem } = makeTicketKeys(curve);
  printJson({ curve, privateKey: privateKeyPem, publicKey: publicKeyPem });
}
