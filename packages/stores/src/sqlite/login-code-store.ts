import type { LoginCode, LoginCodeStore } from '../login-codes.ts';
import type { Database, Row } from './database.ts';

const PURGE = 'DELETE FROM login_codes WHERE expires_at <= ?';
/** All of a user's codes but the newest few; rows are numbered in the order in which they came. */
const DROP_OLDEST = `DELETE FROM login_codes WHERE user_id = ?1 AND rowid NOT IN
  (SELECT rowid FROM login_codes WHERE user_id = ?1 ORDER BY rowid DESC LIMIT ?2)`;
const KEEP = `INSERT INTO login_codes (code_hash, user_id, user_name, kind, session_ends_at, expires_at)
  VALUES (?, ?, ?, ?, ?, ?)`;
/** Looking and taking are one statement: whoever comes second finds nothing. */
const TAKE = 'DELETE FROM login_codes WHERE code_hash = ? RETURNING *';

/** One-time login codes in the database, by their hashes. */
export function createSqliteLoginCodeStore(database: Database): LoginCodeStore {
  return {
    async keepLoginCode(code, { perUser, total }, now) {
      return database.write(() => {
        database.run(PURGE, now);
        database.run(DROP_OLDEST, code.userId, perUser - 1);
        const open = Number(database.get('SELECT count(*) AS open FROM login_codes')?.['open']);
        if (open >= total) return false;
        const { hash, userId, userName, kind, sessionEndsAt, expiresAt } = code;
        database.run(KEEP, hash, userId, userName, kind, sessionEndsAt, expiresAt);
        return true;
      });
    },
    async takeLoginCode(hash, now) {
      const row = await database.write(() => database.get(TAKE, hash));
      if (row === undefined) return null;
      const code = codeOf(row);
      return code.expiresAt <= now ? null : code;
    },
    async purgeLoginCodes(now) {
      // Looked at first: a sweep that finds nothing must not cost a commit.
      const due = database.get('SELECT 1 AS due FROM login_codes WHERE expires_at <= ? LIMIT 1', now);
      return due === undefined ? 0 : database.write(() => database.run(PURGE, now));
    },
  };
}

function codeOf(row: Row): LoginCode {
  const ends = row['session_ends_at'];
  return {
    hash: String(row['code_hash']),
    userId: String(row['user_id']),
    userName: String(row['user_name']),
    kind: row['kind'] === 'wechat' ? 'wechat' : 'guest',
    sessionEndsAt: ends === null || ends === undefined ? null : Number(ends),
    expiresAt: Number(row['expires_at']),
  };
}
