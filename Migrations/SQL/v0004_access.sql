-- A deleted user's row stays, because others name it; its userid is free again.
CREATE TABLE new_user (
    id INTEGER PRIMARY KEY,
    iamid TEXT NOT NULL,
    userid TEXT NOT NULL,
    name TEXT NOT NULL,
    email TEXT,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    deleted_at INTEGER
) STRICT;

INSERT INTO new_user (id, iamid, userid, name, email, created_at, updated_at)
SELECT id, iamid, userid, name, email, created_at, created_at FROM "user";

DROP TABLE "user";
ALTER TABLE new_user RENAME TO "user";
CREATE UNIQUE INDEX user_userid ON "user" (iamid, userid) WHERE deleted_at IS NULL;

-- Whom AWS knows the user as: the grantees of S3 Access Grants.
CREATE TABLE user_principal (
    user_id INTEGER NOT NULL REFERENCES "user" (id) ON DELETE CASCADE,
    grantee_type TEXT NOT NULL CHECK (grantee_type IN ('IAM', 'DIRECTORY_USER', 'DIRECTORY_GROUP')),
    grantee_identifier TEXT NOT NULL,
    PRIMARY KEY (user_id, grantee_type, grantee_identifier)
) STRICT;

-- Where an integration's grants are to be now: the path of one of its locations. NULL: nowhere, they are all to go.
ALTER TABLE integration ADD COLUMN grant_path TEXT;
UPDATE integration SET grant_path = path
WHERE status IN ('enabled', 'editing', 'editError', 'deleteError', 'recurringValidationError');

-- Behind an edit or a deletion that failed, grants are compared with AWS too.
DROP INDEX integration_next_check_at;
CREATE INDEX integration_next_check_at ON integration (next_check_at, status_since)
    WHERE status IN ('enabled', 'recurringValidationError', 'editError', 'deleteError');

-- Calls whose answers were never known, and that may still be carried out for a while.
ALTER TABLE integration_location ADD COLUMN lost_create_at INTEGER;
ALTER TABLE integration_location ADD COLUMN lost_create_role TEXT
    CHECK ((lost_create_at IS NULL) = (lost_create_role IS NULL));
ALTER TABLE integration_location ADD COLUMN lost_change_at INTEGER;

-- prefix is relative to the integration's path. scope is where the data lies, s3://bucket/key without a trailing *.
-- folded_name is the name in lower case, where it is not all ASCII. What follows a name in searched_name is part of none:
-- so every character begins three in a row. A row is deleted with its data source; ids are never given again.
CREATE TABLE data_source (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    revision INTEGER NOT NULL CHECK (revision > 0),
    integration_id INTEGER NOT NULL REFERENCES integration (id),
    name TEXT NOT NULL UNIQUE,
    sql_table_name TEXT NOT NULL UNIQUE,
    description TEXT,
    prefix TEXT NOT NULL,
    prefix_kind TEXT NOT NULL CHECK (prefix_kind IN ('location', 'bucket', 'folder', 'wildcard', 'object')),
    scope TEXT NOT NULL,
    is_disabled INTEGER NOT NULL CHECK (is_disabled IN (0, 1)),
    created_by INTEGER NOT NULL REFERENCES "user" (id),
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    folded_name TEXT,
    searched_name TEXT NOT NULL GENERATED ALWAYS AS (COALESCE(folded_name, LOWER(name)) || CHAR(1, 1)) VIRTUAL
) STRICT;

CREATE INDEX data_source_integration_id ON data_source (integration_id);
CREATE INDEX data_source_integration_name ON data_source (integration_id, name);
CREATE INDEX data_source_scope ON data_source (scope);
CREATE INDEX data_source_wildcard_scope ON data_source (scope) WHERE prefix_kind = 'wildcard';

-- Which names hold three characters in a row, whatever their case: narrows a search to few rows. Whoever inserts data
-- sources adds them here, all in one statement: each statement writes a part of the index of its own.
CREATE VIRTUAL TABLE data_source_trigram USING fts5 (
    searched_name, content = 'data_source', content_rowid = 'id', tokenize = 'trigram', detail = 'none', columnsize = 0
);

CREATE TRIGGER data_source_trigram_delete AFTER DELETE ON data_source
BEGIN
    INSERT INTO data_source_trigram (data_source_trigram, rowid, searched_name)
    VALUES ('delete', old.id, old.searched_name);
END;

CREATE TRIGGER data_source_trigram_update AFTER UPDATE OF name ON data_source WHEN new.name <> old.name
BEGIN
    INSERT INTO data_source_trigram (data_source_trigram, rowid, searched_name)
    VALUES ('delete', old.id, old.searched_name);
    INSERT INTO data_source_trigram (rowid, searched_name) VALUES (new.id, new.searched_name);
END;

-- The order of the names in stretches, each from its first_name up to the next one's, and which three characters in a row
-- the names of each hold, or have held: a search for what many names hold leaves out stretches where none does. A stretch
-- of more than 1000 names is split.
CREATE TABLE name_stretch (
    id INTEGER PRIMARY KEY,
    first_name TEXT NOT NULL UNIQUE,
    name_count INTEGER NOT NULL
) STRICT;

INSERT INTO name_stretch (first_name, name_count) VALUES ('', 0);

CREATE TABLE name_stretch_trigram (
    stretch_id INTEGER NOT NULL,
    trigram TEXT NOT NULL,
    PRIMARY KEY (stretch_id, trigram)
) STRICT, WITHOUT ROWID;

-- 1, 2, 3, …: as many as a searched name can have characters.
CREATE TABLE name_position (position INTEGER PRIMARY KEY) STRICT;

INSERT INTO name_position (position)
WITH RECURSIVE up (position) AS (SELECT 1 UNION ALL SELECT position + 1 FROM up WHERE position < 1024)
SELECT position FROM up;

CREATE TRIGGER name_stretch_insert AFTER INSERT ON data_source
BEGIN
    INSERT OR IGNORE INTO name_stretch_trigram (stretch_id, trigram)
    SELECT s.id, SUBSTR(new.searched_name, p.position, 3)
    FROM (SELECT id FROM name_stretch WHERE first_name <= new.name ORDER BY first_name DESC LIMIT 1) s
    CROSS JOIN name_position p WHERE p.position <= LENGTH(new.searched_name) - 2;
    UPDATE name_stretch SET name_count = name_count + 1
    WHERE first_name = (SELECT MAX(first_name) FROM name_stretch WHERE first_name <= new.name);
END;

CREATE TRIGGER name_stretch_delete AFTER DELETE ON data_source
BEGIN
    UPDATE name_stretch SET name_count = name_count - 1
    WHERE first_name = (SELECT MAX(first_name) FROM name_stretch WHERE first_name <= old.name);
END;

CREATE TRIGGER name_stretch_update AFTER UPDATE OF name ON data_source WHEN new.name <> old.name
BEGIN
    UPDATE name_stretch SET name_count = name_count - 1
    WHERE first_name = (SELECT MAX(first_name) FROM name_stretch WHERE first_name <= old.name);
    INSERT OR IGNORE INTO name_stretch_trigram (stretch_id, trigram)
    SELECT s.id, SUBSTR(new.searched_name, p.position, 3)
    FROM (SELECT id FROM name_stretch WHERE first_name <= new.name ORDER BY first_name DESC LIMIT 1) s
    CROSS JOIN name_position p WHERE p.position <= LENGTH(new.searched_name) - 2;
    UPDATE name_stretch SET name_count = name_count + 1
    WHERE first_name = (SELECT MAX(first_name) FROM name_stretch WHERE first_name <= new.name);
END;

-- The upper half becomes the next one. The lower one keeps what the upper one's names hold.
CREATE TRIGGER name_stretch_split AFTER UPDATE OF name_count ON name_stretch WHEN new.name_count > 1000
BEGIN
    INSERT INTO name_stretch (first_name, name_count)
    SELECT name, new.name_count - 500 FROM data_source WHERE name >= new.first_name ORDER BY name LIMIT 1 OFFSET 500;
    UPDATE name_stretch SET name_count = 500 WHERE id = new.id;
    INSERT OR IGNORE INTO name_stretch_trigram (stretch_id, trigram)
    SELECT s.id, SUBSTR(d.searched_name, p.position, 3)
    FROM (
        SELECT id, first_name, name_count FROM name_stretch WHERE first_name > new.first_name
        ORDER BY first_name LIMIT 1
    ) s
    CROSS JOIN data_source d ON d.name >= s.first_name
        AND d.name < COALESCE((SELECT MIN(first_name) FROM name_stretch WHERE first_name > s.first_name), x'')
    CROSS JOIN name_position p WHERE p.position <= LENGTH(d.searched_name) - 2;
END;

-- Who may use a data source. is_planned = 0: the worker has to work out again which grants it needs.
-- A revoked one stays until its grants are gone. data_source_name and folded_name are copies, by which a person's own are
-- sorted and searched.
CREATE TABLE subscription (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    data_source_id INTEGER NOT NULL REFERENCES data_source (id) ON DELETE CASCADE,
    data_source_name TEXT NOT NULL,
    folded_name TEXT,
    user_id INTEGER NOT NULL REFERENCES "user" (id),
    state TEXT NOT NULL CHECK (state IN ('owner', 'expert', 'subscribed')),
    access_grant TEXT NOT NULL CHECK (access_grant IN ('READ', 'WRITE')),
    is_revoked INTEGER NOT NULL CHECK (is_revoked IN (0, 1)),
    is_planned INTEGER NOT NULL CHECK (is_planned IN (0, 1)),
    created_by INTEGER NOT NULL REFERENCES "user" (id),
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    UNIQUE (data_source_id, user_id)
) STRICT;

CREATE INDEX subscription_user_id ON subscription (
    user_id, is_revoked, data_source_id, state, data_source_name, folded_name
);
CREATE INDEX subscription_user_name ON subscription (
    user_id, is_revoked, data_source_name, data_source_id, state, folded_name
);
CREATE INDEX subscription_unplanned ON subscription (id) WHERE is_planned = 0;

CREATE TRIGGER subscription_data_source_name AFTER UPDATE OF name ON data_source WHEN new.name <> old.name
BEGIN
    UPDATE subscription SET data_source_name = new.name, folded_name = new.folded_name WHERE data_source_id = new.id;
END;

-- What AWS has, or may have, because of subscriptions: one row a grant, whoever needs it. Written before the first call,
-- deleted when AWS is known to have nothing. attempted_since and attempted_at are the first and the last call that changes
-- it and whose answer is not known. lost_create_at: a create without an answer that may still be done although another made
-- the grant. leased_until: until then a worker is at it, and nobody else; what makes it due
-- meanwhile sets next_attempt_at no earlier.
CREATE TABLE access_grant (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    integration_id INTEGER NOT NULL REFERENCES integration (id),
    location_path TEXT NOT NULL,
    sub_prefix TEXT NOT NULL,
    is_object INTEGER NOT NULL CHECK (is_object IN (0, 1)),
    grantee_type TEXT NOT NULL CHECK (grantee_type IN ('IAM', 'DIRECTORY_USER', 'DIRECTORY_GROUP')),
    grantee_identifier TEXT NOT NULL,
    permission TEXT NOT NULL CHECK (permission IN ('READ', 'READWRITE')),
    is_wanted INTEGER NOT NULL CHECK (is_wanted IN (0, 1)),
    status TEXT NOT NULL CHECK (status IN ('pending', 'active', 'revoking', 'failed', 'quotaExceeded')),
    message TEXT,
    grant_id TEXT,
    grant_arn TEXT,
    location_id TEXT,
    is_foreign INTEGER NOT NULL CHECK (is_foreign IN (0, 1)),
    attempted_since INTEGER,
    attempted_at INTEGER,
    lost_create_at INTEGER,
    leased_until INTEGER,
    next_attempt_at INTEGER,
    failures INTEGER NOT NULL CHECK (failures >= 0),
    since INTEGER NOT NULL,
    CHECK ((attempted_since IS NULL) = (attempted_at IS NULL)),
    UNIQUE (
        integration_id, location_path, sub_prefix, is_object, grantee_type, grantee_identifier, permission
    ),
    CHECK ((grant_id IS NULL) = (grant_arn IS NULL)),
    CHECK ((grant_id IS NULL) = (location_id IS NULL))
) STRICT;

CREATE INDEX access_grant_next_attempt_at ON access_grant (integration_id, next_attempt_at)
    WHERE next_attempt_at IS NOT NULL;
CREATE INDEX access_grant_quota_exceeded ON access_grant (integration_id, id) WHERE status = 'quotaExceeded';
CREATE INDEX access_grant_leased_until ON access_grant (leased_until) WHERE leased_until IS NOT NULL;
CREATE UNIQUE INDEX access_grant_grant_id ON access_grant (integration_id, grant_id) WHERE grant_id IS NOT NULL;

-- What comparing with AWS came to last: per integration, with the first grants at its locations that Sluice never made;
-- and per Access Grants instance how many grants of others there were, how many records of ours, and the last one's id.
CREATE TABLE grant_drift (
    integration_id INTEGER PRIMARY KEY REFERENCES integration (id),
    checked_at INTEGER NOT NULL,
    missing INTEGER NOT NULL,
    left_over INTEGER NOT NULL,
    foreign_count INTEGER NOT NULL
) STRICT;

CREATE TABLE foreign_grant (
    integration_id INTEGER NOT NULL REFERENCES integration (id),
    position INTEGER NOT NULL,
    grant_id TEXT NOT NULL,
    scope TEXT NOT NULL,
    grantee_type TEXT NOT NULL CHECK (grantee_type IN ('IAM', 'DIRECTORY_USER', 'DIRECTORY_GROUP')),
    grantee_identifier TEXT NOT NULL,
    permission TEXT NOT NULL,
    PRIMARY KEY (integration_id, position)
) STRICT;

CREATE TABLE access_grants_instance (
    account_id TEXT NOT NULL,
    region TEXT NOT NULL,
    other_grants INTEGER NOT NULL,
    own_records INTEGER NOT NULL,
    last_grant_id INTEGER NOT NULL,
    PRIMARY KEY (account_id, region)
) STRICT;

-- A grant that no subscription needs any more is to be revoked. A superseded need ends once what takes its place for the
-- same grantee is active, so that a changed subscription is never without access. A released one no longer asks for the
-- grant; it stays until AWS has the grant no more, so that the subscription can say so. A grant has released needs only
-- while it is not wanted.
CREATE TABLE grant_need (
    subscription_id INTEGER NOT NULL REFERENCES subscription (id) ON DELETE CASCADE,
    access_grant_id INTEGER NOT NULL REFERENCES access_grant (id),
    is_superseded INTEGER NOT NULL CHECK (is_superseded IN (0, 1)),
    is_released INTEGER NOT NULL DEFAULT 0 CHECK (is_released IN (0, 1)),
    CHECK (is_superseded = 0 OR is_released = 0),
    PRIMARY KEY (subscription_id, access_grant_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX grant_need_access_grant_id ON grant_need (access_grant_id);
