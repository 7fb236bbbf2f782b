/// The tables of S3 Access Grants in the sandbox's database.
enum AccessGrantsSchema {
    /// Every list is a walk along one index in order of creation, so that a page costs the same with ten grants and
    /// with 100,000. `grant_count` spares the quota check a count of the table.
    static let sql = """
        CREATE TABLE access_grants_instance (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            account TEXT NOT NULL,
            region TEXT NOT NULL,
            created_at INTEGER NOT NULL,
            identity_center_instance TEXT,
            identity_center_application TEXT,
            policy TEXT,
            policy_organization TEXT,
            policy_created_at INTEGER,
            location_count INTEGER NOT NULL DEFAULT 0 CHECK (location_count >= 0),
            grant_count INTEGER NOT NULL DEFAULT 0 CHECK (grant_count >= 0),
            UNIQUE (account, region),
            CHECK ((identity_center_instance IS NULL) = (identity_center_application IS NULL)),
            CHECK ((policy IS NULL) = (policy_created_at IS NULL))
        ) STRICT;

        CREATE TABLE access_grants_location (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            instance INTEGER NOT NULL REFERENCES access_grants_instance (id),
            location_id TEXT NOT NULL,
            scope TEXT NOT NULL,
            role_arn TEXT NOT NULL,
            created_at INTEGER NOT NULL,
            grant_deleted_at INTEGER,
            UNIQUE (instance, location_id),
            UNIQUE (instance, scope)
        ) STRICT;

        CREATE TABLE access_grants_grant (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            instance INTEGER NOT NULL REFERENCES access_grants_instance (id),
            grant_id TEXT NOT NULL,
            location INTEGER NOT NULL REFERENCES access_grants_location (id),
            sub_prefix TEXT NOT NULL,
            scope TEXT NOT NULL,
            grantee_type TEXT NOT NULL CHECK (grantee_type IN ('DIRECTORY_USER', 'DIRECTORY_GROUP', 'IAM')),
            grantee TEXT NOT NULL,
            permission TEXT NOT NULL CHECK (permission IN ('READ', 'WRITE', 'READWRITE')),
            application TEXT NOT NULL,
            created_at INTEGER NOT NULL,
            UNIQUE (instance, grant_id),
            UNIQUE (location, sub_prefix, grantee, grantee_type, permission, application)
        ) STRICT;
        CREATE INDEX access_grants_grant_by_instance ON access_grants_grant (instance);
        CREATE INDEX access_grants_grant_by_grantee ON access_grants_grant (instance, grantee);
        CREATE INDEX access_grants_grant_by_scope ON access_grants_grant (instance, scope);

        CREATE TABLE access_grants_tag (
            arn TEXT NOT NULL,
            position INTEGER NOT NULL,
            key TEXT NOT NULL,
            value TEXT NOT NULL,
            PRIMARY KEY (arn, key)
        ) STRICT;
        """
}
