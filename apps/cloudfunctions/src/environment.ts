/** What the operator sets in the console of CloudBase: the one place that reads the process's environment. */
import type { TicketLife } from '@lianmai/functions';
import { LianmaiError } from '@lianmai/protocol';
import { loadPrivateKey, type Signer } from '@lianmai/tickets';

export type Environment = Readonly<Record<string, string | undefined>>;

/** The names, fixed for ever. */
export const VARIABLES = {
  provider: 'LIANMAI_PROVIDER',
  sdkAppId: 'LIANMAI_TRTC_SDK_APP_ID',
  accountType: 'LIANMAI_TRTC_ACCOUNT_TYPE',
  privateKey: 'LIANMAI_TRTC_PRIVATE_KEY',
  secretKey: 'LIANMAI_TRTC_SECRET_KEY',
  userSigSeconds: 'LIANMAI_USERSIG_SECONDS',
  privateMapKeySeconds: 'LIANMAI_PRIVATEMAPKEY_SECONDS',
  defaultCapacity: 'LIANMAI_DEFAULT_CAPACITY',
} as const;

/** What every function needs. */
export interface RoomSettings {
  readonly sdkAppId: number;
  readonly defaultCapacity: number;
}

/** What the functions that sign need beside it. */
export interface TicketSettings {
  readonly signer: Signer;
  readonly application: { readonly sdkAppId: number; readonly accountType: string };
  readonly life: TicketLife;
}

/** The variables of the function that runs. */
export function processEnvironment(): Environment {
  return process.env;
}

/**
 * Reads what every function needs.
 * @throws LianmaiError notConfigured naming the variable; no message holds a value.
 */
export function readRoomSettings(environment: Environment): RoomSettings {
  const provider = environment[VARIABLES.provider]?.trim() || 'trtc';
  if (provider !== 'trtc') {
    throw misconfigured(
      `${VARIABLES.provider} must be "trtc" or absent. Cloud functions with media on a server of your own are not built: kicks and ended rooms would have to reach that server. Use its own functions instead`,
    );
  }
  if (!environment[VARIABLES.sdkAppId]?.trim()) throw misconfigured(`${VARIABLES.sdkAppId} is not set`);
  return {
    sdkAppId: integer(environment, VARIABLES.sdkAppId, 1, 4_294_967_295, 0),
    defaultCapacity: integer(environment, VARIABLES.defaultCapacity, 1, 50, 16),
  };
}

/**
 * Reads what is needed to sign tickets: the private key of an older application, or the secret key of a newer one. The account type is "0" unless set: the console shows one for old applications only.
 * @throws LianmaiError as {@link readRoomSettings}.
 */
export function readTicketSettings(environment: Environment): TicketSettings {
  const { sdkAppId } = readRoomSettings(environment);
  const accountType = environment[VARIABLES.accountType]?.trim() || '0';
  if (!/^[0-9]{1,10}$/.test(accountType)) throw misconfigured(`${VARIABLES.accountType} must be a number`);
  return {
    signer: readSigner(environment, accountType),
    application: { sdkAppId, accountType },
    life: {
      userSigSeconds: integer(environment, VARIABLES.userSigSeconds, 60, 15_552_000, 3600),
      privateMapKeySeconds: integer(environment, VARIABLES.privateMapKeySeconds, 30, 86_400, 900),
    },
  };
}

function readSigner(environment: Environment, accountType: string): Signer {
  const text = environment[VARIABLES.privateKey]?.trim();
  const secret = environment[VARIABLES.secretKey]?.trim();
  if (text && secret) throw misconfigured(`Set either ${VARIABLES.privateKey} or ${VARIABLES.secretKey}, not both`);
  if (secret) {
    if (/^[0-9A-Za-z]{32,128}$/.test(secret)) return { version: 'v2', secret };
    throw misconfigured(`${VARIABLES.secretKey} must be the whole secret key that the console shows`);
  }
  if (!text) throw misconfigured(`${VARIABLES.privateKey} is not set`);
  try {
    return { version: 'v1', key: loadPrivateKey(asPem(text)), accountType };
  } catch {
    throw misconfigured(
      `${VARIABLES.privateKey} is no readable EC private key. Paste the whole private_key file, with \\n for its line breaks`,
    );
  }
}

/** A console's text field keeps a PEM's line breaks, turns them into `\n`, into spaces, or drops them. */
function asPem(text: string): string {
  const flat = text.replace(/^["']|["']$/g, '').replace(/\\r|\\n/g, '\n');
  const [, label, body] = /-----BEGIN ([A-Z ]+)-----([^-]*)-----END \1-----/.exec(flat) ?? [];
  if (label === undefined || body === undefined) return flat;
  const lines = body.replace(/\s+/g, '').match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}

function integer(environment: Environment, name: string, least: number, most: number, otherwise: number): number {
  const text = environment[name]?.trim();
  if (!text) return otherwise;
  const value = Number(text);
  if (/^[0-9]+$/.test(text) && value >= least && value <= most) return value;
  throw misconfigured(`${name} must be an integer from ${least} to ${most}`);
}

function misconfigured(problem: string): LianmaiError {
  return new LianmaiError('notConfigured', `${problem}.`);
}
