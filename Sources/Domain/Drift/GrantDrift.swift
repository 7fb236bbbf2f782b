#if canImport(FoundationEssentials)
    public import FoundationEssentials
#else
    public import Foundation
#endif

/// What one grant that AWS shows at a location of ours is to Sluice.
public enum DriftFinding: Sendable, Hashable {
    /// The grant of this record.
    case known(GrantRecordID)
    /// The grant of this record, made by somebody else and asked for by us too.
    case adopted(GrantRecordID)
    /// Whoever works on its record finds out by himself; or it has just been removed.
    case underWay
    /// Sluice made it, and nothing asks for it any more.
    case leftOver(GrantKey)
    /// Sluice never made it.
    case foreign
}

/// What Sluice knows of a grant that AWS shows.
public struct DriftKnowledge: Sendable, Equatable {
    /// The record that names it.
    public var record: GrantRecordID?
    public var isForeign: Bool
    /// Another record asks for the very same.
    public var isAskedFor: Bool
    /// By the audit log.
    public var history: GrantHistory

    public init(
        record: GrantRecordID? = nil, isForeign: Bool = false, isAskedFor: Bool = false,
        history: GrantHistory = .unknown
    ) {
        self.record = record
        self.isForeign = isForeign
        self.isAskedFor = isAskedFor
        self.history = history
    }
}

public enum GrantHistory: Sendable, CaseIterable {
    case unknown, made, removed
}

extension DriftFinding {
    /// - Parameter path: of the location it is at.
    public init(_ grant: AWSGrant, at path: LocationPath, _ knowledge: DriftKnowledge) {
        if let record = knowledge.record {
            self = knowledge.isForeign ? .adopted(record) : .known(record)
        } else if knowledge.isAskedFor || knowledge.history == .removed {
            self = .underWay
        } else if knowledge.history == .made, let key = GrantKey(grant, at: path) {
            self = .leftOver(key)
        } else {
            self = .foreign
        }
    }
}

extension GrantKey {
    /// `nil` for what Sluice never asks for.
    public init?(_ grant: AWSGrant, at path: LocationPath) {
        guard let permission = GrantPermission(rawValue: grant.permission), !grant.isForOneApplication,
            grant.scope.hasPrefix(path.description)
        else { return nil }
        let subPrefix = String(grant.scope.dropFirst(path.description.count))
        // AWS does not say which are for one object; none of those ends in a star.
        self.init(
            location: path, subPrefix: subPrefix, isObject: !subPrefix.hasSuffix("*"), grantee: grant.grantee,
            permission: permission)
    }
}

/// A grant at one of our locations that Sluice never made.
public struct ForeignGrant: Sendable, Equatable {
    public var grantID: String
    public var scope: String
    public var grantee: Grantee
    /// As AWS spells it.
    public var permission: String

    public init(grantID: String, scope: String, grantee: Grantee, permission: String) {
        self.grantID = grantID
        self.scope = scope
        self.grantee = grantee
        self.permission = permission
    }

    public init(_ grant: AWSGrant) {
        self.init(grantID: grant.id, scope: grant.scope, grantee: grant.grantee, permission: grant.permission)
    }
}

/// How what AWS has at an integration's locations differed from our records when it was last looked at.
public struct DriftReport: Sendable, Equatable {
    public var checkedAt: Date
    /// Grants that AWS had no more; they are made again.
    public var missing: Int
    /// Grants of ours that nothing asks for any more; they are removed.
    public var leftOver: Int
    public var foreignCount: Int
    /// The first of them.
    public var foreign: [ForeignGrant]

    /// How many foreign grants are told by name.
    public static let mostForeign = 1_000

    public init(
        checkedAt: Date, missing: Int = 0, leftOver: Int = 0, foreignCount: Int = 0, foreign: [ForeignGrant] = []
    ) {
        self.checkedAt = checkedAt
        self.missing = missing
        self.leftOver = leftOver
        self.foreignCount = foreignCount
        self.foreign = foreign
    }

    public mutating func add(foreign grant: ForeignGrant) {
        foreignCount += 1
        if foreign.count < Self.mostForeign { foreign.append(grant) }
    }
}

/// How full an Access Grants instance is.
public struct GrantUsage: Sendable, Equatable {
    /// Grants of ours, those under way included, and those of others when it was last looked at.
    public var used: Int
    public var quota: Int

    public init(used: Int, quota: Int) {
        self.used = used
        self.quota = quota
    }

    /// With what to do, from 80 % on.
    public var warning: String? {
        guard AccessGrantsQuotas.isNear(used, of: quota) else { return nil }
        return """
            The Access Grants instance has \(used) of the \(quota) grants of its quota. Remove access grants of this \
            account and Region, or ask AWS Support for a higher quota and set quota.grants to it.
            """
    }
}
