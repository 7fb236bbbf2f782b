-- An access key id of NULL means the server's own credentials. The pending_ columns hold what an edit under way leads
-- to, and are NULL otherwise.
CREATE TABLE integration (
    id INTEGER PRIMARY KEY,
    revision INTEGER NOT NULL CHECK (revision > 0),
    status TEXT NOT NULL CHECK (
        status IN (
            'creating', 'createError', 'deleted', 'deleteError', 'deleting', 'disabled', 'editError', 'editing',
            'enabled', 'migrateError', 'migrating', 'recurringValidationError'
        )
    ),
    name TEXT NOT NULL,
    path TEXT NOT NULL,
    location_role TEXT NOT NULL,
    account_id TEXT NOT NULL,
    region TEXT NOT NULL,
    access_key_id TEXT,
    role_to_assume TEXT,
    external_id TEXT NOT NULL,
    pending_name TEXT,
    pending_path TEXT,
    pending_location_role TEXT,
    pending_account_id TEXT,
    pending_region TEXT,
    pending_access_key_id TEXT,
    pending_role_to_assume TEXT,
    pending_external_id TEXT,
    message TEXT,
    created_by INTEGER NOT NULL REFERENCES "user" (id),
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    next_attempt_at INTEGER,
    failures INTEGER NOT NULL CHECK (failures >= 0),
    status_since INTEGER NOT NULL,
    next_check_at INTEGER,
    CHECK ((pending_name IS NULL) = (pending_path IS NULL)),
    CHECK ((pending_name IS NULL) = (pending_location_role IS NULL)),
    CHECK ((pending_name IS NULL) = (pending_account_id IS NULL)),
    CHECK ((pending_name IS NULL) = (pending_region IS NULL)),
    CHECK ((pending_name IS NULL) = (pending_external_id IS NULL)),
    CHECK (pending_name IS NOT NULL OR (pending_access_key_id IS NULL AND pending_role_to_assume IS NULL))
) STRICT;

CREATE UNIQUE INDEX integration_name ON integration (name) WHERE status NOT IN ('deleted', 'disabled');
CREATE UNIQUE INDEX integration_path ON integration (path) WHERE status NOT IN ('deleted', 'disabled');
CREATE UNIQUE INDEX integration_pending_name ON integration (pending_name) WHERE status NOT IN ('deleted', 'disabled');
CREATE UNIQUE INDEX integration_pending_path ON integration (pending_path) WHERE status NOT IN ('deleted', 'disabled');
CREATE INDEX integration_next_attempt_at ON integration (next_attempt_at) WHERE next_attempt_at IS NOT NULL;
CREATE INDEX integration_next_check_at ON integration (next_check_at, status_since)
    WHERE status IN ('enabled', 'recurringValidationError');

-- Sealed; bound to this table, the integration and the part.
CREATE TABLE integration_secret (
    integration_id INTEGER NOT NULL REFERENCES integration (id) ON DELETE CASCADE,
    part TEXT NOT NULL CHECK (part IN ('current', 'pending')),
    secret_access_key BLOB NOT NULL,
    PRIMARY KEY (integration_id, part)
) STRICT;

-- What AWS has, or may have, because of an integration. AWS allows one location a scope in an account and Region.
CREATE TABLE integration_location (
    integration_id INTEGER NOT NULL REFERENCES integration (id),
    path TEXT NOT NULL,
    account_id TEXT NOT NULL,
    region TEXT NOT NULL,
    position INTEGER NOT NULL,
    role TEXT NOT NULL,
    is_wanted INTEGER NOT NULL CHECK (is_wanted IN (0, 1)),
    location_id TEXT,
    arn TEXT,
    made_role TEXT,
    attempted_at INTEGER,
    PRIMARY KEY (integration_id, path),
    UNIQUE (account_id, region, path),
    CHECK ((location_id IS NULL) = (arn IS NULL)),
    CHECK (location_id IS NOT NULL OR made_role IS NULL)
) STRICT;

CREATE TABLE integration_test (
    integration_id INTEGER NOT NULL REFERENCES integration (id) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    name TEXT NOT NULL CHECK (
        name IN (
            'noExistingIntegration', 'uniqueName', 'roleARN', 'callerIdentity', 'instance', 'pathExists',
            'noExistingLocation'
        )
    ),
    status TEXT NOT NULL CHECK (status IN ('passed', 'failed', 'warning', 'skipped')),
    message TEXT,
    duration_ms INTEGER NOT NULL,
    PRIMARY KEY (integration_id, position)
) STRICT;

-- Answers given under an Idempotency-Key.
CREATE TABLE idempotency_answer (
    user_id INTEGER NOT NULL REFERENCES "user" (id) ON DELETE CASCADE,
    key TEXT NOT NULL,
    request_hash BLOB NOT NULL,
    body BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (user_id, key)
) STRICT;

CREATE INDEX idempotency_answer_created_at ON idempotency_answer (created_at);
