#if canImport(FoundationEssentials)
    public import FoundationEssentials
#else
    public import Foundation
#endif

/// What can be done, as the audit log names it. A refusal names what was refused.
public enum AuditAction: String, Sendable, CaseIterable {
    case createIntegration = "integration.create"
    case editIntegration = "integration.edit"
    case deleteIntegration = "integration.delete"
    case validateIntegration = "integration.validate"
    case createDataSource = "dataSource.create"
    case updateDataSource = "dataSource.update"
    case disableDataSource = "dataSource.disable"
    case restoreDataSource = "dataSource.restore"
    case deleteDataSource = "dataSource.delete"
    case refreshDataSource = "dataSource.refresh"
    case grantAccess = "access.grant"
    case revokeAccess = "access.revoke"
    case createUser = "user.create"
    case updateUserProfile = "user.updateProfile"
    case updateUserPermissions = "user.updatePermissions"
    case deleteUser = "user.delete"
    case createAPIKey = "apiKey.create"
    case revokeAPIKey = "apiKey.revoke"
    case createToken = "token.create"
    /// In AWS, by the worker.
    case createAccessGrant = "accessGrant.create"
    case deleteAccessGrant = "accessGrant.delete"
    /// Through the gateway.
    case readObject = "object.read"
    case writeObject = "object.write"
    case deleteObject = "object.delete"
    /// A read that was refused.
    case read
}

public struct AuditTarget: Sendable, Hashable {
    public var type: Kind
    /// Empty when nothing in particular was named, or it has no id yet.
    public var id: String

    public enum Kind: String, Sendable, CaseIterable {
        case integration, dataSource, access, user, apiKey, token, accessGrant, auditLog, object
    }

    public init(_ type: Kind, _ id: String) {
        self.type = type
        self.id = id
    }
}

/// Who asked, and from where.
public struct AuditOrigin: Sendable, Equatable {
    /// `nil`: Sluice itself (the worker, or somebody at its command line).
    public var actor: Actor?
    /// The address the request came from.
    public var source: String?
    public var requestID: String?

    public struct Actor: Sendable, Equatable {
        public var user: UserID
        public var userid: String
        public var keyID: Int64

        public init(user: UserID, userid: String, keyID: Int64) {
            self.user = user
            self.userid = userid
            self.keyID = keyID
        }
    }

    public init(actor: Actor?, source: String? = nil, requestID: String? = nil) {
        self.actor = actor
        self.source = source
        self.requestID = requestID
    }

    /// The worker, or somebody at the command line of the machine.
    public static let system = AuditOrigin(actor: nil)
}

/// A wish that is granted: what, and whose.
public struct AuditedRequest: Sendable, Equatable {
    public var action: AuditAction
    public var origin: AuditOrigin

    public init(_ action: AuditAction, by origin: AuditOrigin) {
        self.action = action
        self.origin = origin
    }
}

/// What was before a change, or after it. Secrets are told apart, so that only their HMAC is ever written.
public indirect enum AuditValue: Sendable, Equatable {
    case null
    case bool(Bool)
    case integer(Int64)
    case string(String)
    case secret(Secret)
    case array([AuditValue])
    /// In the order in which they are shown.
    case members([(name: String, value: AuditValue)])

    public static func == (a: Self, b: Self) -> Bool {
        switch (a, b) {
        case (.null, .null): true
        case (.bool(let a), .bool(let b)): a == b
        case (.integer(let a), .integer(let b)): a == b
        case (.string(let a), .string(let b)): a == b
        case (.secret(let a), .secret(let b)): a == b
        case (.array(let a), .array(let b)): a == b
        case (.members(let a), .members(let b)): a.elementsEqual(b) { $0.name == $1.name && $0.value == $1.value }
        case (.null, _), (.bool, _), (.integer, _), (.string, _), (.secret, _), (.array, _), (.members, _): false
        }
    }
}

extension AuditValue {
    public init(_ text: String?) { self = text.map { .string($0) } ?? .null }

    /// In milliseconds since 1970 UTC.
    public init(_ date: Date?) {
        self = date.map { .integer(Int64(($0.timeIntervalSince1970 * 1000).rounded())) } ?? .null
    }
}

/// What the audit log shows of a thing that changes.
public protocol Audited: Sendable {
    var auditTarget: AuditTarget { get }
    var auditValue: AuditValue { get }
}

public enum AuditOutcome: String, Sendable, CaseIterable {
    case succeeded
    /// For lack of permission.
    case refused
}

/// A row to be appended. The store adds its number, and the hash of the row before it.
public struct AuditEntry: Sendable, Equatable {
    public var at: Date
    public var origin: AuditOrigin
    public var action: AuditAction
    public var target: AuditTarget
    public var before: AuditValue?
    public var after: AuditValue?
    public var outcome: AuditOutcome
    /// Of the call that changed AWS.
    public var awsRequestID: String?

    public init(
        at: Date, origin: AuditOrigin, action: AuditAction, target: AuditTarget, before: AuditValue? = nil,
        after: AuditValue? = nil, outcome: AuditOutcome = .succeeded, awsRequestID: String? = nil
    ) {
        self.at = at
        self.origin = origin
        self.action = action
        self.target = target
        self.before = before
        self.after = after
        self.outcome = outcome
        self.awsRequestID = awsRequestID
    }
}

/// A row as it is read.
public struct AuditEvent: Sendable, Equatable {
    /// Counts from 1 without a gap.
    public var id: Int64
    public var at: Date
    public var origin: AuditOrigin
    public var action: String
    public var targetType: String
    public var targetID: String
    /// JSON.
    public var before: String?
    public var after: String?
    public var outcome: AuditOutcome
    public var awsRequestID: String?
    /// 32 bytes: over this row and, with it, every row before it.
    public var hash: [UInt8]

    public init(
        id: Int64, at: Date, origin: AuditOrigin, action: String, targetType: String, targetID: String,
        before: String?, after: String?, outcome: AuditOutcome, awsRequestID: String?, hash: [UInt8]
    ) {
        self.id = id
        self.at = at
        self.origin = origin
        self.action = action
        self.targetType = targetType
        self.targetID = targetID
        self.before = before
        self.after = after
        self.outcome = outcome
        self.awsRequestID = awsRequestID
        self.hash = hash
    }
}
