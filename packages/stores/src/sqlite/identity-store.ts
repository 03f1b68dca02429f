import { LianmaiError } from '@lianmai/protocol';
import type { Identity, IdentityStore } from '../identities.ts';
import type { Database, Row } from './database.ts';

const BY_SUBJECT = 'SELECT * FROM identities WHERE kind = ? AND subject = ?';
const BY_USER = 'SELECT * FROM identities WHERE user_id = ?';

/** How often a fresh user id is asked for when the one before was taken. */
const MAX_MAKES = 16;

export function createSqliteIdentityStore(database: Database): IdentityStore {
  return {
    async ensureIdentity(kind, subject, make) {
      const there = database.get(BY_SUBJECT, kind, subject);
      if (there !== undefined) return identityOf(there);
      for (let attempt = 0; attempt < MAX_MAKES; attempt++) {
        const made: Identity = { kind, subject, ...make() };
        const kept = await database.write(() => {
          database.run(
            'INSERT INTO identities (user_id, kind, subject, user_name, created_at) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING',
            made.userId,
            kind,
            subject,
            made.userName,
            made.createdAt,
          );
          return database.get(BY_SUBJECT, kind, subject);
        });
        if (kept !== undefined) return identityOf(kept);
      }
      throw new LianmaiError('internal', 'No free user id was found.');
    },
    async renameIdentity(userId, userName) {
      return database.write(
        () => database.run('UPDATE identities SET user_name = ? WHERE user_id = ?', userName, userId) === 1,
      );
    },
    async identity(userId) {
      const row = database.get(BY_USER, userId);
      return row === undefined ? null : identityOf(row);
    },
    async revokeToken(tokenId, expiresAt) {
      const sql =
        'INSERT INTO revoked_tokens VALUES (?, ?) ON CONFLICT DO UPDATE SET expires_at = max(expires_at, excluded.expires_at)';
      await database.write(() => database.run(sql, tokenId, expiresAt));
    },
    async isTokenRevoked(tokenId) {
      return database.get('SELECT 1 AS revoked FROM revoked_tokens WHERE token_id = ?', tokenId) !== undefined;
    },
    async purgeTokens(now) {
      return database.write(() => database.run('DELETE FROM revoked_tokens WHERE expires_at <= ?', now));
    },
  };
}

function identityOf(row: Row): Identity {
  return {
    kind: row['kind'] === 'wechat' ? 'wechat' : 'guest',
    subject: String(row['subject']),
    userId: String(row['user_id']),
    userName: String(row['user_name']),
    createdAt: Number(row['created_at']),
  };
}
