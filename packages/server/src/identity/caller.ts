import type { Caller } from '@lianmai/functions';
import { LianmaiError } from '@lianmai/protocol';
import type { ServerKeys } from './server-key.ts';
import { Sessions } from './sessions.ts';

export type { Caller } from '@lianmai/functions';

/**
 * Reads the Authorization header.
 * @returns null when there is none.
 * @throws LianmaiError notSignedIn when there is one that proves nothing.
 */
export async function readCaller(
  authorization: string | undefined,
  sessions: Sessions,
  keys: ServerKeys,
): Promise<Caller | null> {
  if (authorization === undefined || authorization === '') return null;
  const space = authorization.indexOf(' ');
  const scheme = authorization.slice(0, space).toLowerCase();
  const credentials = authorization.slice(space + 1).trim();
  if (scheme === 'bearer' && Sessions.looksLike(credentials)) {
    const session = sessions.read(credentials);
    if (session !== null) {
      const { userId, userName, kind, expiresAt } = session;
      return { kind: 'user', userId, userName, session: { kind, expiresAt } };
    }
  } else if (scheme === 'bearer') {
    const credential = await keys.token(credentials);
    if (credential !== null) return { kind: 'server', room: credential.room };
  } else if (scheme === 'basic') {
    const credential = keys.basic(credentials);
    if (credential !== null) return { kind: 'server', room: credential.room };
  }
  throw new LianmaiError('notSignedIn');
}
