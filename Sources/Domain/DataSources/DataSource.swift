#if canImport(FoundationEssentials)
    public import FoundationEssentials
#else
    public import Foundation
#endif

/// A prefix, bucket or object under a name, to which people are subscribed.
public struct DataSource: Sendable, Equatable {
    public let id: DataSourceID
    /// Counts the changes; shown as `ETag`.
    public let revision: Int64
    public let integrationID: IntegrationID
    /// Unique; 1 to 255 characters.
    public var name: String
    /// Unique; `[a-z0-9_]`. Its folder in the S3 access pattern.
    public let sqlTableName: String
    public var description: String?
    public let prefix: DataPrefix
    /// Disabled: nobody has grants, and the record is kept.
    public var isDisabled: Bool
    public let createdBy: UserID
    public let createdAt: Date
    public var updatedAt: Date

    public init(
        id: DataSourceID, revision: Int64, integrationID: IntegrationID, name: String, sqlTableName: String,
        description: String?, prefix: DataPrefix, isDisabled: Bool, createdBy: UserID, createdAt: Date, updatedAt: Date
    ) {
        self.id = id
        self.revision = revision
        self.integrationID = integrationID
        self.name = name
        self.sqlTableName = sqlTableName
        self.description = description
        self.prefix = prefix
        self.isDisabled = isDisabled
        self.createdBy = createdBy
        self.createdAt = createdAt
        self.updatedAt = updatedAt
    }
}

extension DataSource: Audited {
    public var auditTarget: AuditTarget { AuditTarget(.dataSource, id.description) }

    public var auditValue: AuditValue {
        .members([
            ("integrationId", .integer(integrationID.value)), ("name", .string(name)),
            ("sqlTableName", .string(sqlTableName)), ("description", description.map { .string($0) } ?? .null),
            ("prefix", .string(prefix.description)), ("prefixKind", .string(prefix.kind.rawValue)),
            ("disabled", .bool(isDisabled)),
        ])
    }
}
