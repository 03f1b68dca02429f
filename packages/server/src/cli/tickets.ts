import { existsSync, readFileSync, statSync } from 'node:fs';
import {
  loadPrivateKey,
  type Refusal,
  type Signer,
  signPrivateMapKey,
  signUserSig,
  type TicketRoom,
  type VerifiedPrivateMapKey,
  type VerifiedUserSig,
  type VerifyKeys,
  verifyPrivateMapKey,
  verifyUserSig,
} from '@lianmai/tickets';
import { EXIT, ExitError } from './exit.ts';
import { printJson } from './output.ts';

interface TicketOptions {
  readonly key: string;
  readonly sdkappid: string;
  readonly user: string;
  readonly room?: string;
  readonly stringRoom?: true;
}

export interface SignOptions extends TicketOptions {
  readonly privileges: string;
  readonly expire: string;
  readonly accountType: string;
}

export interface VerifyOptions extends TicketOptions {
  readonly privileges: string;
  readonly at?: string;
}

/** `lianmai sign` */
export function sign(options: SignOptions): void {
  const sdkAppId = count('--sdkappid', options.sdkappid);
  const expireSeconds = count('--expire', options.expire);
  const claims = { sdkAppId, userId: options.user, expireSeconds };
  const room = roomOf(options);
  const privileges = count('--privileges', options.privileges);
  const ticket = refusingWrongInput(() => {
    const signer = signerOf(options);
    return room === null ? signUserSig(signer, claims) : signPrivateMapKey(signer, { ...claims, room, privileges });
  });
  printJson({
    kind: room === null ? 'userSig' : 'privateMapKey',
    ticket,
    sdkAppID: sdkAppId,
    userID: options.user,
    ...(room === null ? {} : { room, privileges }),
    expiresAt: Math.floor(Date.now() / 1000) + expireSeconds,
  });
}

/** `lianmai verify`. Answers the exit code. */
export function verify(ticket: string, options: VerifyOptions): number {
  const room = roomOf(options);
  const expected = {
    sdkAppId: count('--sdkappid', options.sdkappid),
    userId: options.user,
    ...(options.at === undefined ? {} : { now: count('--at', options.at) }),
    ...verifyKeysOf(options.key),
  };
  const requiredPrivileges = count('--privileges', options.privileges);
  const result: VerifiedUserSig | VerifiedPrivateMapKey | Refusal = refusingWrongInput(() =>
    room === null
      ? verifyUserSig(ticket, expected)
      : verifyPrivateMapKey(ticket, { ...expected, room, requiredPrivileges }),
  );
  const { ok, ...rest } = result;
  printJson({ valid: ok, ...rest });
  return ok ? EXIT.ok : EXIT.notValid;
}

/** Largest PEM file that is read. */
const MAX_KEY_BYTES = 65_536;

/** The text of a PEM file, or the argument itself as a secret. */
function readKey(argument: string): { pem: string } | { secret: string } {
  if (argument.includes('-----BEGIN')) return { pem: argument };
  if (!existsSync(argument)) {
    if (/[/\\]|\.(pem|key|crt)$/i.test(argument))
      throw new ExitError(EXIT.noInput, `The key file ${argument} does not exist.`);
    return { secret: argument };
  }
  const stat = statSync(argument);
  if (!stat.isFile() || stat.size > MAX_KEY_BYTES) throw new ExitError(EXIT.data, `${argument} is not a key file.`);
  let text: string;
  try {
    text = readFileSync(argument, 'utf8');
  } catch {
    throw new ExitError(EXIT.noInput, `The key file ${argument} cannot be read.`);
  }
  return text.includes('-----BEGIN') ? { pem: text } : { secret: text.trim() };
}

function signerOf(options: SignOptions): Signer {
  const key = readKey(options.key);
  return 'pem' in key
    ? { version: 'v1', key: loadPrivateKey(key.pem), accountType: options.accountType }
    : { version: 'v2', secret: key.secret };
}

function verifyKeysOf(argument: string): VerifyKeys {
  const key = readKey(argument);
  return 'pem' in key ? { key: key.pem } : { secret: key.secret };
}

function roomOf(options: TicketOptions): TicketRoom | null {
  if (options.room === undefined) return null;
  return options.stringRoom === true ? { strRoomId: options.room } : { roomId: count('--room', options.room) };
}

function count(flag: string, text: string): number {
  if (!/^[0-9]{1,12}$/.test(text)) throw new ExitError(EXIT.usage, `${flag} must be a number.`);
  return Number(text);
}

/** The ticket library's TypeErrors say what is wrong with a key or claim, never the key itself. */
function refusingWrongInput<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof TypeError) throw new ExitError(EXIT.data, error.message);
    throw error;
  }
}
