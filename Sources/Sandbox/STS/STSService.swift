import S3Server
import SigV4
import XML

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// AWS STS: who a caller is, and temporary credentials of roles.
struct STSService: Sendable {
    static let namespace = "https://sts.amazonaws.com/doc/2011-06-15/"

    let database: SandboxDatabase

    /// - Throws: `S3Error` with STS's codes.
    func answer(_ parameters: QueryItems, caller: Caller, requestID: String, now: Date) async throws -> [UInt8] {
        switch parameters["Action"] {
        case "GetCallerIdentity":
            return document("GetCallerIdentity", requestID) { writer in
                writer.element("Arn", caller.arn)
                writer.element("UserId", caller.userID)
                writer.element("Account", caller.account)
            }
        case "AssumeRole":
            let session = try AssumeRoleRequest(parameters)
            let (role, credentials) = try await assume(session, caller, now)
            return document("AssumeRole", requestID) { writer in
                writer.element("Credentials") { $0.write(credentials) }
                writer.element("AssumedRoleUser") { writer in
                    writer.element("AssumedRoleId", "\(role.roleID):\(session.name)")
                    let partition = role.arn.split(separator: ":")[1]
                    writer.element(
                        "Arn", "arn:\(partition):sts::\(role.account):assumed-role/\(role.name)/\(session.name)")
                }
                writer.optional("SourceIdentity", session.sourceIdentity)
            }
        case let action:
            throw S3Error("InvalidAction", 400, "Could not find operation \(action ?? "") for version 2011-06-15")
        }
    }

    private func assume(
        _ request: AssumeRoleRequest, _ caller: Caller, _ now: Date
    ) async throws -> (IAMRole, AWSCredentials) {
        try await database.write { database in
            let identities = IdentityStore(database: database)
            guard let role = try identities.role(request.roleARN), trusts(role, caller, request) else {
                throw S3Error.accessDenied(
                    "User: \(caller.arn) is not authorized to perform: sts:AssumeRole on resource: \(request.roleARN)")
            }
            guard request.duration <= role.maximumSession else {
                throw S3Error.stsValidation(
                    "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.")
            }
            if case .roleSession = caller.kind, request.duration > 3_600 {
                throw S3Error.stsValidation(
                    "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining")
            }
            let session = SessionIssue(
                roleARN: role.arn, name: request.name, duration: request.duration, policy: request.policy,
                directoryUser: request.directoryUser)
            return (role, try identities.issue(session, now: Timestamp.milliseconds(now)))
        }
    }

    /// The role's trust policy must name the caller; where it names only the account, or another one's caller, the
    /// caller's own policy must allow it too.
    private func trusts(_ role: IAMRole, _ caller: Caller, _ request: AssumeRoleRequest) -> Bool {
        guard let trust = PolicyDocument(role.trustPolicy) else { return false }
        var context = ["aws:principalarn": caller.principalARN, "aws:principalaccount": caller.account]
        context["sts:externalid"] = request.externalID
        context["sts:rolesessionname"] = request.name
        context["sts:sourceidentity"] = request.sourceIdentity
        let arns = [caller.principalARN, caller.arn]
        let byName = PolicyDocument.Principal(account: nil, arns: arns)
        let byAccount = PolicyDocument.Principal(account: caller.account, arns: arns)
        let action = "sts:AssumeRole"
        switch trust.decision(action, on: nil, principal: byAccount, context: context) {
        case .denied, .silent: return false
        case .allowed:
            let isNamed = trust.decision(action, on: nil, principal: byName, context: context) == .allowed
            return (isNamed && role.account == caller.account) || caller.allows(action, on: role.arn)
        }
    }

    private func document(_ action: String, _ requestID: String, _ body: (inout XMLWriter) -> Void) -> [UInt8] {
        var writer = XMLWriter()
        writer.element("\(action)Response", namespace: Self.namespace) { writer in
            writer.element("\(action)Result", body)
            writer.element("ResponseMetadata") { $0.element("RequestId", requestID) }
        }
        return writer.bytes
    }
}

/// The parameters of AssumeRole, checked.
struct AssumeRoleRequest: Sendable, Equatable {
    let roleARN: String
    let name: String
    /// Seconds.
    let duration: Int
    let externalID: String?
    let sourceIdentity: String?
    let policy: String?
    /// The Identity Center user of `ProvidedContexts`: in the sandbox the assertion is the user's id itself.
    let directoryUser: String?

    /// - Throws: `ValidationError` or `MalformedPolicyDocument`.
    init(_ parameters: QueryItems) throws(S3Error) {
        guard let roleARN = parameters["RoleArn"], IAMPrincipalARN(roleARN)?.kind == .role else {
            throw .stsValidation("\(parameters["RoleArn"] ?? "") is invalid")
        }
        guard let name = parameters["RoleSessionName"], Self.isName(name, 2...64) else {
            throw .stsValidation("RoleSessionName must have 2 to 64 characters of [\\w+=,.@-]")
        }
        let duration = parameters["DurationSeconds"].map { Int($0) } ?? 3_600
        guard let duration, (900...43_200).contains(duration) else {
            throw .stsValidation("DurationSeconds must be between 900 and 43200")
        }
        if let external = parameters["ExternalId"], !(2...1_224).contains(external.count) {
            throw .stsValidation("ExternalId must have 2 to 1224 characters")
        }
        if let source = parameters["SourceIdentity"], !Self.isName(source, 2...64) {
            throw .stsValidation("SourceIdentity must have 2 to 64 characters of [\\w+=,.@-]")
        }
        if let policy = parameters["Policy"], PolicyDocument(policy) == nil {
            throw S3Error("MalformedPolicyDocument", 400, "The policy is not in the valid JSON format.")
        }
        self.roleARN = roleARN
        self.name = name
        self.duration = duration
        externalID = parameters["ExternalId"]
        sourceIdentity = parameters["SourceIdentity"]
        policy = parameters["Policy"]
        directoryUser = parameters["ProvidedContexts.member.1.ContextAssertion"]
    }

    private static func isName(_ text: String, _ length: ClosedRange<Int>) -> Bool {
        let special: Set<Unicode.Scalar> = ["_", "+", "=", ",", ".", "@", "-"]
        return length.contains(text.count)
            && text.unicodeScalars.allSatisfy {
                $0.isASCII && ($0.isDigit || $0.properties.isAlphabetic || special.contains($0))
            }
    }
}

extension S3Error {
    static func stsValidation(_ message: String) -> S3Error { S3Error("ValidationError", 400, message) }
}

extension XMLWriter {
    fileprivate mutating func write(_ credentials: AWSCredentials) {
        element("AccessKeyId", credentials.accessKeyID)
        element("SecretAccessKey", credentials.secretAccessKey.reveal())
        optional("SessionToken", credentials.sessionToken)
        optional("Expiration", credentials.expiration?.ISO8601Format())
    }
}
