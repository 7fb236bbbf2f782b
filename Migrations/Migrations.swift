/// The schema's history, oldest first. Append only.
public enum Migrations {
    /// Name and SQL of each migration, in the order they are applied.
    public static let all: [(name: String, sql: [UInt8])] = [
        ("v0001_identity", PackageResources.v0001_identity_sql),
        ("v0002_installation", PackageResources.v0002_installation_sql),
        ("v0003_integration", PackageResources.v0003_integration_sql),
        ("v0004_access", PackageResources.v0004_access_sql),
        ("v0005_audit", PackageResources.v0005_audit_sql),
        ("v0006_gateway", PackageResources.v0006_gateway_sql),
    ]
}
