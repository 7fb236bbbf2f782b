import HTTPTypes
public import SigV4
import Transport
import XML

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// AWS Security Token Service, as far as needed.
public struct STSClient: Sendable {
    private let runtime: AWSRuntime
    private let credentials: any AWSCredentialsProvider
    private let region: String

    public init(_ runtime: AWSRuntime, credentials: any AWSCredentialsProvider, region: String) {
        self.runtime = runtime
        self.credentials = credentials
        self.region = region
    }

    /// Who signs. Needs no permission; changes nothing. Errors: `InvalidClientTokenId`, `SignatureDoesNotMatch`,
    /// `ExpiredToken`.
    public func getCallerIdentity(deadline: ContinuousClock.Instant? = nil) async throws(AWSError) -> CallerIdentity {
        try await call("sts:GetCallerIdentity", [("Action", "GetCallerIdentity")], deadline) { root in
            let result = try root.requiredChild("GetCallerIdentityResult")
            return CallerIdentity(
                arn: try result.required("Arn"), userID: try result.required("UserId"),
                account: try result.required("Account"))
        }
    }

    /// Temporary credentials of a role (`sts:AssumeRole` on it, and its trust). Changes nothing; repeating it gives
    /// others. Errors: `AccessDenied`, `ValidationError`, `ExpiredToken`, `RegionDisabledException`.
    public func assumeRole(
        _ request: AssumeRoleRequest, deadline: ContinuousClock.Instant? = nil
    ) async throws(AWSError) -> AWSCredentials {
        var form = [
            ("Action", "AssumeRole"), ("RoleArn", request.roleARN), ("RoleSessionName", request.sessionName),
            ("DurationSeconds", String(request.durationSeconds)),
        ]
        if let externalID = request.externalID { form.append(("ExternalId", externalID)) }
        return try await call("sts:AssumeRole", form, deadline) { root in
            let result = try root.requiredChild("AssumeRoleResult").requiredChild("Credentials")
            return AWSCredentials(
                accessKeyID: try result.required("AccessKeyId"),
                secretAccessKey: Secret(try result.required("SecretAccessKey")),
                sessionToken: try result.required("SessionToken"),
                expiration: try ISO8601.parse(try result.required("Expiration")))
        }
    }

    private func call<Output: Sendable>(
        _ operation: String, _ form: [(String, String)], _ deadline: ContinuousClock.Instant?,
        _ decode: @escaping @Sendable (XMLElement) throws -> Output
    ) async throws(AWSError) -> Output {
        let endpoint = try runtime.endpoints.stsEndpoint(region: region, operation: operation)
        let body = (form + [("Version", "2011-06-15")]).map { "\($0)=\(URIEncoding.encode($1))" }
            .joined(separator: "&")
        let call = AWSCall(
            operation: operation, service: .sts, endpoint: endpoint, method: .post, path: "/",
            headerFields: [.contentType: "application/x-www-form-urlencoded; charset=utf-8"], body: Array(body.utf8),
            decode: { try decode(try XMLReader.read($0.body)) })
        return try await runtime.run(call, credentials: credentials, deadline: deadline)
    }
}

public struct CallerIdentity: Sendable, Equatable {
    /// For an assumed role `arn:aws:sts::{account}:assumed-role/{name}/{session}`, without the role's path.
    public var arn: String
    public var userID: String
    public var account: String

    public init(arn: String, userID: String, account: String) {
        self.arn = arn
        self.userID = userID
        self.account = account
    }
}

public struct AssumeRoleRequest: Sendable, Hashable {
    public static let standardSessionName = "sluice"
    public static let standardDurationSeconds = 3600

    public var roleARN: String
    /// 2 to 64 of `A-Za-z0-9_+=,.@-`; seen in CloudTrail.
    public var sessionName: String
    public var externalID: String?
    /// 900 to 43,200; 3,600 at most when a role assumes a role.
    public var durationSeconds: Int

    public init(
        roleARN: String, sessionName: String = standardSessionName, externalID: String? = nil,
        durationSeconds: Int = standardDurationSeconds
    ) {
        self.roleARN = roleARN
        self.sessionName = sessionName
        self.externalID = externalID
        self.durationSeconds = durationSeconds
    }
}
