/**
 * The schema, step by step. Forward only: a step that has been released is never changed, a new one is added behind it.
 * The file's `user_version` is the number of steps that it has been through.
 */
export const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE rooms (
    sdk_app_id INTEGER NOT NULL,
    room_id    TEXT    NOT NULL,
    live       INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    members    INTEGER NOT NULL,
    revoked    INTEGER NOT NULL,
    due_at     INTEGER,
    state      TEXT    NOT NULL,
    PRIMARY KEY (sdk_app_id, room_id),
    CHECK (live = 0 OR members > 0)
  ) STRICT;
  CREATE INDEX rooms_by_age ON rooms (sdk_app_id, created_at, room_id) WHERE live = 1;
  CREATE INDEX rooms_by_age_down ON rooms (sdk_app_id, created_at DESC, room_id) WHERE live = 1;
  CREATE INDEX rooms_by_members ON rooms (sdk_app_id, members DESC, created_at DESC, room_id) WHERE live = 1;
  CREATE INDEX rooms_due ON rooms (due_at) WHERE due_at IS NOT NULL;
  CREATE INDEX rooms_revoked ON rooms (sdk_app_id, room_id) WHERE revoked = 1;

  CREATE TABLE room_counts (sdk_app_id INTEGER PRIMARY KEY, live INTEGER NOT NULL) STRICT;
  CREATE TRIGGER rooms_counted_in AFTER INSERT ON rooms WHEN new.live = 1 BEGIN
    INSERT INTO room_counts VALUES (new.sdk_app_id, 1) ON CONFLICT DO UPDATE SET live = live + 1;
  END;
  CREATE TRIGGER rooms_counted_out AFTER DELETE ON rooms WHEN old.live = 1 BEGIN
    UPDATE room_counts SET live = live - 1 WHERE sdk_app_id = old.sdk_app_id;
  END;
  CREATE TRIGGER rooms_ended AFTER UPDATE OF live ON rooms WHEN old.live = 1 AND new.live = 0 BEGIN
    UPDATE room_counts SET live = live - 1 WHERE sdk_app_id = old.sdk_app_id;
  END;
  CREATE TRIGGER rooms_revived AFTER UPDATE OF live ON rooms WHEN old.live = 0 AND new.live = 1 BEGIN
    INSERT INTO room_counts VALUES (new.sdk_app_id, 1) ON CONFLICT DO UPDATE SET live = live + 1;
  END;

  CREATE TABLE applications (
    sdk_app_id      INTEGER PRIMARY KEY,
    account_type    TEXT    NOT NULL,
    algorithm       TEXT    NOT NULL,
    private_key_pem TEXT    NOT NULL,
    public_key_pem  TEXT    NOT NULL,
    created_at      INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE api_keys (api_key TEXT PRIMARY KEY, api_secret TEXT NOT NULL, created_at INTEGER NOT NULL) STRICT;
  CREATE TABLE secrets (name TEXT PRIMARY KEY, secret TEXT NOT NULL) STRICT;

  CREATE TABLE identities (
    user_id    TEXT PRIMARY KEY,
    kind       TEXT NOT NULL,
    subject    TEXT NOT NULL,
    user_name  TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    UNIQUE (kind, subject)
  ) STRICT;
  CREATE TABLE revoked_tokens (token_id TEXT PRIMARY KEY, expires_at INTEGER NOT NULL) STRICT;
  CREATE INDEX revoked_tokens_by_end ON revoked_tokens (expires_at);
  CREATE TABLE named_values (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
  `,
  `
  CREATE TABLE login_codes (
    code_hash       TEXT    PRIMARY KEY,
    user_id         TEXT    NOT NULL,
    user_name       TEXT    NOT NULL,
    kind            TEXT    NOT NULL,
    session_ends_at INTEGER,
    expires_at      INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX login_codes_by_user ON login_codes (user_id);
  CREATE INDEX login_codes_by_end ON login_codes (expires_at);
  `,
];
