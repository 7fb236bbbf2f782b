import GRDB
import SQLiteStatements

/// S3 Access Grants' rows, read and written within one transaction of the sandbox's database.
struct AccessGrantsStore {
    let database: Database

    // MARK: Instances

    func instance(account: String, region: String) throws -> AccessGrantsInstance? {
        try database.row(
            "SELECT * FROM access_grants_instance WHERE account = ? AND region = ?",
            arguments: [account, region]
        ).map(Self.instance)
    }

    /// The instances of other accounts in a Region, in order of creation.
    func instances(region: String, otherThan account: String) throws -> [AccessGrantsInstance] {
        try database.rows(
            "SELECT * FROM access_grants_instance WHERE region = ? AND account <> ? ORDER BY id",
            arguments: [region, account]
        ).map(Self.instance)
    }

    /// False where the account has one in that Region.
    func insertInstance(
        account: String, region: String, at now: Milliseconds, identityCenter: IdentityCenterAssociation?
    ) throws -> Bool {
        guard try instance(account: account, region: region) == nil else { return false }
        try database.run(
            """
            INSERT INTO access_grants_instance
                (account, region, created_at, identity_center_instance, identity_center_application)
            VALUES (?, ?, ?, ?, ?)
            """,
            [account, region, now, identityCenter?.instanceARN, identityCenter?.applicationARN])
        return true
    }

    func deleteInstance(_ instance: AccessGrantsInstance) throws {
        try replaceTags([], of: instance.arn)
        try database.run("DELETE FROM access_grants_instance WHERE id = ?", [instance.row])
    }

    func setIdentityCenter(_ association: IdentityCenterAssociation?, of instance: AccessGrantsInstance) throws {
        try database.run(
            """
            UPDATE access_grants_instance
            SET identity_center_instance = ?, identity_center_application = ? WHERE id = ?
            """,
            [association?.instanceARN, association?.applicationARN, instance.row])
    }

    func setPolicy(_ policy: AccessGrantsInstance.Policy?, of instance: AccessGrantsInstance) throws {
        try database.run(
            """
            UPDATE access_grants_instance
            SET policy = ?, policy_organization = ?, policy_created_at = ? WHERE id = ?
            """,
            [policy?.document, policy?.organization, policy?.createdAt, instance.row])
    }

    func locationCount(_ instance: AccessGrantsInstance) throws -> Int {
        try count("location_count", of: instance)
    }

    func grantCount(_ instance: AccessGrantsInstance) throws -> Int {
        try count("grant_count", of: instance)
    }

    private func count(_ column: String, of instance: AccessGrantsInstance) throws -> Int {
        try database.value(
            "SELECT \(column) FROM access_grants_instance WHERE id = ?", arguments: [instance.row]) ?? 0
    }

    private static func instance(_ row: Row) -> AccessGrantsInstance {
        var association: IdentityCenterAssociation?
        if let instanceARN: String = row["identity_center_instance"],
            let applicationARN: String = row["identity_center_application"]
        {
            association = IdentityCenterAssociation(instanceARN: instanceARN, applicationARN: applicationARN)
        }
        var policy: AccessGrantsInstance.Policy?
        if let document: String = row["policy"], let createdAt: Milliseconds = row["policy_created_at"] {
            policy = .init(document: document, organization: row["policy_organization"], createdAt: createdAt)
        }
        return AccessGrantsInstance(
            row: row["id"],
            arn: AccessGrantsARN(region: row["region"], account: row["account"], resource: .instance),
            createdAt: row["created_at"], identityCenter: association, policy: policy)
    }

    // MARK: Tags

    func tags(of arn: AccessGrantsARN) throws -> [ResourceTag] {
        try database.rows(
            "SELECT key, value FROM access_grants_tag WHERE arn = ? ORDER BY position",
            arguments: [arn.description]
        ).map { ResourceTag(key: $0["key"], value: $0["value"]) }
    }

    func replaceTags(_ tags: [ResourceTag], of arn: AccessGrantsARN) throws {
        try database.run("DELETE FROM access_grants_tag WHERE arn = ?", [arn.description])
        for (position, tag) in tags.enumerated() {
            try database.run(
                "INSERT INTO access_grants_tag (arn, position, key, value) VALUES (?, ?, ?, ?)",
                [arn.description, position, tag.key, tag.value])
        }
    }
}
