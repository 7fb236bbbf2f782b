/// Times are milliseconds since 1970 UTC.
typealias Milliseconds = Int64

/// An account's Access Grants instance in one Region.
struct AccessGrantsInstance: Equatable, Sendable {
    let row: Int64
    let arn: AccessGrantsARN
    let createdAt: Milliseconds
    let identityCenter: IdentityCenterAssociation?
    let policy: Policy?

    struct Policy: Equatable, Sendable {
        let document: String
        let organization: String?
        let createdAt: Milliseconds
    }
}

/// The Identity Center instance an Access Grants instance is associated with, and the application S3 made in it.
struct IdentityCenterAssociation: Equatable, Sendable {
    let instanceARN: String
    let applicationARN: String
}

struct AccessGrantsLocation: Equatable, Sendable {
    let row: Int64
    let id: String
    let scope: String
    let roleARN: String
    let createdAt: Milliseconds
    /// When the last of its grants was deleted; nil where none was.
    let grantDeletedAt: Milliseconds?
}

struct AccessGrant: Equatable, Sendable {
    let row: Int64
    let id: String
    let locationID: String
    /// Empty where the grant has none.
    let subPrefix: String
    let scope: String
    let grantee: Grantee
    let permission: AccessGrantPermission
    /// Nil where the grant is not restricted to one Identity Center application.
    let applicationARN: String?
    let createdAt: Milliseconds
}

/// What ListAccessGrants can be narrowed by. Every value is compared for equality, `scope` too
/// [our decision: AWS's own test looks a grant up by its whole scope].
struct AccessGrantFilter: Equatable, Sendable {
    var granteeKind: Grantee.Kind?
    var granteeIdentifier: String?
    var permission: AccessGrantPermission?
    var scope: String?
    var applicationARN: String?

    /// Names the list for page tokens.
    var description: String {
        [granteeKind?.rawValue, granteeIdentifier, permission?.rawValue, scope, applicationARN]
            .map { $0.map { "=\($0)" } ?? "" }.joined(separator: "\n")
    }
}
