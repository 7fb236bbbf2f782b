/// The history of the sandbox's schema: identities and sessions, S3 Access Grants, then buckets and objects.
enum SandboxSchema {
    static let migrations = [
        SchemaMigration(
            name: "core-1",
            sql: """
                CREATE TABLE account (
                    id TEXT NOT NULL PRIMARY KEY CHECK (length(id) = 12)
                ) STRICT;

                CREATE TABLE iam_user (
                    arn TEXT NOT NULL PRIMARY KEY,
                    user_id TEXT NOT NULL UNIQUE,
                    account TEXT NOT NULL REFERENCES account(id),
                    name TEXT NOT NULL,
                    policy TEXT NOT NULL,
                    UNIQUE (account, name)
                ) STRICT;

                CREATE TABLE access_key (
                    id TEXT NOT NULL PRIMARY KEY,
                    secret TEXT NOT NULL,
                    user_arn TEXT NOT NULL REFERENCES iam_user(arn) ON DELETE CASCADE
                ) STRICT;

                CREATE TABLE iam_role (
                    arn TEXT NOT NULL PRIMARY KEY,
                    role_id TEXT NOT NULL UNIQUE,
                    account TEXT NOT NULL REFERENCES account(id),
                    name TEXT NOT NULL,
                    trust_policy TEXT NOT NULL,
                    policy TEXT NOT NULL,
                    max_session_seconds INTEGER NOT NULL CHECK (max_session_seconds BETWEEN 900 AND 43200),
                    created_at INTEGER NOT NULL,
                    UNIQUE (account, name)
                ) STRICT;

                CREATE TABLE session (
                    access_key_id TEXT NOT NULL PRIMARY KEY,
                    secret TEXT NOT NULL,
                    token TEXT NOT NULL,
                    role_arn TEXT NOT NULL REFERENCES iam_role(arn) ON DELETE CASCADE,
                    name TEXT NOT NULL,
                    expires_at INTEGER NOT NULL,
                    scope_target TEXT,
                    scope_permission TEXT CHECK (scope_permission IN ('READ', 'WRITE', 'READWRITE')),
                    policy TEXT,
                    directory_user TEXT,
                    CHECK ((scope_target IS NULL) = (scope_permission IS NULL))
                ) STRICT;
                CREATE INDEX session_by_expiry ON session(expires_at);

                CREATE TABLE directory_membership (
                    user_id TEXT NOT NULL,
                    group_id TEXT NOT NULL,
                    PRIMARY KEY (user_id, group_id)
                ) STRICT;
                """),
        SchemaMigration(name: "access-grants-1", sql: AccessGrantsSchema.sql),
        SchemaMigration(
            name: "accounts-1",
            sql: """
                ALTER TABLE account ADD COLUMN canonical_id TEXT NOT NULL DEFAULT '';
                ALTER TABLE account ADD COLUMN display_name TEXT NOT NULL DEFAULT '';
                ALTER TABLE account ADD COLUMN email TEXT;
                UPDATE account SET canonical_id = lower(hex(randomblob(32))), display_name = id;
                UPDATE account SET canonical_id = '\(CanonicalID.derived(from: SandboxDefaults.account))',
                    display_name = '\(SandboxDefaults.accountName)' WHERE id = '\(SandboxDefaults.account)';
                CREATE UNIQUE INDEX account_by_canonical_id ON account(canonical_id);
                CREATE UNIQUE INDEX account_by_email ON account(email COLLATE NOCASE);
                """),
        SchemaMigration(name: "s3-1", sql: BlobSchema.sql + S3Schema.sql),
    ]
}
