-- Times are milliseconds since 1970 UTC everywhere. "user" is a reserved word of standard SQL: keep it quoted.
CREATE TABLE "user" (
    id INTEGER PRIMARY KEY,
    iamid TEXT NOT NULL,
    userid TEXT NOT NULL,
    name TEXT NOT NULL,
    email TEXT,
    created_at INTEGER NOT NULL,
    UNIQUE (iamid, userid)
) STRICT;

CREATE TABLE user_permission (
    user_id INTEGER NOT NULL REFERENCES "user" (id) ON DELETE CASCADE,
    permission TEXT NOT NULL CHECK (
        permission IN ('APPLICATION_ADMIN', 'CREATE_S3_DATASOURCE', 'GOVERNANCE', 'USER_ADMIN', 'AUDIT')
    ),
    PRIMARY KEY (user_id, permission)
) STRICT;

-- The id of a revoked key is never given again: a repeated revocation must not hit another key.
-- Credentials are found by selector, the first eight bytes of hash; the whole hash is compared in constant time.
CREATE TABLE api_key (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    user_id INTEGER NOT NULL REFERENCES "user" (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    selector INTEGER NOT NULL,
    hash BLOB NOT NULL CHECK (length(hash) = 32),
    created_at INTEGER NOT NULL,
    expires_at INTEGER,
    UNIQUE (selector, hash)
) STRICT;

CREATE INDEX api_key_user_id ON api_key (user_id);

CREATE TABLE token (
    selector INTEGER NOT NULL,
    hash BLOB NOT NULL CHECK (length(hash) = 32),
    key_id INTEGER NOT NULL REFERENCES api_key (id) ON DELETE CASCADE,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (selector, hash)
) STRICT;

CREATE INDEX token_key_id ON token (key_id);
CREATE INDEX token_expires_at ON token (expires_at);
