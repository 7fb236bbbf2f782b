import HTTPTypes
import SigV4
import XML

extension S3ControlClient {
    /// Registers a scope; also needs `iam:PassRole`. Not idempotent: `AccessGrantsLocationAlreadyExistsError` (409).
    /// A role that AWS doesn't know yet is `InvalidIamRole` (400) for up to two minutes; others:
    /// `InvalidAccessGrantsLocation`, `AccessGrantsLocationsQuotaExceededError` (409).
    public func createAccessGrantsLocation(
        scope: String, roleARN: String, deadline: ContinuousClock.Instant? = nil
    ) async throws(AWSError) -> AccessGrantsLocation {
        var body = XMLWriter(declaration: false)
        body.element("CreateAccessGrantsLocationRequest", namespace: Self.namespace) {
            $0.element("LocationScope", scope)
            $0.element("IAMRoleArn", roleARN)
        }
        return try await call(
            "s3:CreateAccessGrantsLocation", "\(Self.instancePath)/location", method: .post, body: body.bytes, deadline
        ) { try AccessGrantsLocation($0) }
    }

    /// Changes nothing. `NoSuchAccessGrantsLocationError` (404).
    public func getAccessGrantsLocation(
        id: String, deadline: ContinuousClock.Instant? = nil
    ) async throws(AWSError) -> AccessGrantsLocation {
        try await call("s3:GetAccessGrantsLocation", location(id), deadline) { try AccessGrantsLocation($0) }
    }

    /// Changes the role, the only thing that can change; also needs `iam:PassRole`. Idempotent. `InvalidIamRole`,
    /// `NoSuchAccessGrantsLocationError`.
    public func updateAccessGrantsLocation(
        id: String, roleARN: String, deadline: ContinuousClock.Instant? = nil
    ) async throws(AWSError) -> AccessGrantsLocation {
        var body = XMLWriter(declaration: false)
        body.element("UpdateAccessGrantsLocationRequest", namespace: Self.namespace) {
            $0.element("IAMRoleArn", roleARN)
        }
        return try await call("s3:UpdateAccessGrantsLocation", location(id), method: .put, body: body.bytes, deadline) {
            try AccessGrantsLocation($0)
        }
    }

    /// Repeated: `NoSuchAccessGrantsLocationError` (404). With grants, or for a while after the last one went:
    /// `AccessGrantsLocationNotEmptyError` (400).
    public func deleteAccessGrantsLocation(
        id: String, deadline: ContinuousClock.Instant? = nil
    ) async throws(AWSError) {
        try await callWithoutAnswer("s3:DeleteAccessGrantsLocation", location(id), method: .delete, deadline)
    }

    /// A page of locations. Changes nothing.
    /// - Parameters:
    ///   - scope: Only the location of exactly this scope.
    ///   - maxResults: 0 to 1,000.
    public func listAccessGrantsLocations(
        scope: String? = nil, maxResults: Int? = nil, nextToken: String? = nil,
        deadline: ContinuousClock.Instant? = nil
    ) async throws(AWSError) -> AWSPage<AccessGrantsLocation> {
        let query = [
            ("nextToken", nextToken), ("maxResults", maxResults.map(String.init)), ("locationscope", scope),
        ]
        return try await call("s3:ListAccessGrantsLocations", "\(Self.instancePath)/locations", query: query, deadline)
        {
            try AWSPage($0, "AccessGrantsLocationsList", "AccessGrantsLocation") { try AccessGrantsLocation($0) }
        }
    }

    private func location(_ id: String) -> String { "\(Self.instancePath)/location/\(URIEncoding.encode(id))" }
}

extension AccessGrantsLocation {
    init(_ element: XMLElement) throws {
        self.init(
            id: try element.required("AccessGrantsLocationId"), arn: try element.required("AccessGrantsLocationArn"),
            scope: try element.required("LocationScope"), roleARN: try element.required("IAMRoleArn"),
            createdAt: try element.nonEmpty("CreatedAt").map { try ISO8601.parse($0) })
    }
}
