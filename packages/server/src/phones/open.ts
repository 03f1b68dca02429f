import { gatewayConfigSchema } from '@lianmai/gateway';
import type { Config } from '../config/schema.ts';
import type { TrustedProxies } from '../http/proxies.ts';
import type { PhoneDoorsOptions } from './doors.ts';
import { type Phones, type PhonesParts, startPhones } from './service.ts';

export interface OpenPhonesParts extends PhonesParts {
  /** How to take apart again what was opened; run in the reverse order. */
  readonly undo: (() => Promise<void> | void)[];
}

const STOP_MS = 500;

/**
 * The gateway for phones, or in a sentence why there is none.
 * @throws ExitError when phones were asked for and cannot be served.
 */
export async function openPhones({ undo, ...parts }: OpenPhonesParts): Promise<Phones | string> {
  if (parts.services.config.phones.mode === 'off') return 'Phones are off (--phones off).';
  const phones = await startPhones(parts);
  if (typeof phones !== 'string') undo.push(() => phones.gateway.stop(STOP_MS));
  return phones;
}

/** How the phones' doors are guarded. */
export function doorOptions(config: Config, proxies: TrustedProxies): PhoneDoorsOptions {
  const { maxFrameBytes, maxBacklogBytes } = gatewayConfigSchema.shape.phones.parse(undefined);
  return {
    clientAddress: (request) => proxies.clientAddress(request),
    perAddressPerSecond: config.media.joinsPerAddressPerSecond,
    trackedAddresses: config.limits.trackedClients,
    maxFrameBytes,
    maxBacklogBytes,
    flv: {
      maxConnections: config.phones.flvConnections,
      maxConnectionsPerAddress: config.phones.flvConnectionsPerAddress,
    },
  };
}
