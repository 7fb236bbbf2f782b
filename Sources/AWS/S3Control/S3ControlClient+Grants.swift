import HTTPTypes
import SigV4
import XML

extension S3ControlClient {
    /// Not idempotent: `AccessGrantAlreadyExists` (409). A principal that AWS doesn't know yet is `InvalidRequest` (400)
    /// for up to two minutes; others: `NoSuchAccessGrantsLocationError`, `AccessGrantsQuotaExceededError` (409).
    public func createAccessGrant(
        _ request: CreateAccessGrantRequest, deadline: ContinuousClock.Instant? = nil
    ) async throws(AWSError) -> AWSReply<AccessGrant> {
        var body = XMLWriter(declaration: false)
        body.element("CreateAccessGrantRequest", namespace: Self.namespace) {
            $0.element("AccessGrantsLocationId", request.locationID)
            if let subPrefix = request.subPrefix {
                $0.element("AccessGrantsLocationConfiguration") { $0.element("S3SubPrefix", subPrefix) }
            }
            $0.element("Grantee") {
                $0.element("GranteeType", request.grantee.kind.rawValue)
                $0.element("GranteeIdentifier", request.grantee.identifier)
            }
            $0.element("Permission", request.permission.rawValue)
            $0.optional("ApplicationArn", request.applicationARN)
            if request.isObject { $0.element("S3PrefixType", "Object") }
        }
        return try await reply(
            "s3:CreateAccessGrant", "\(Self.instancePath)/grant", method: .post, body: body.bytes, deadline
        ) { try AccessGrant($0) }
    }

    /// Changes nothing. `NoSuchAccessGrantError` (404).
    public func getAccessGrant(
        id: String, deadline: ContinuousClock.Instant? = nil
    ) async throws(AWSError) -> AccessGrant {
        try await call("s3:GetAccessGrant", grant(id), deadline) { try AccessGrant($0) }
    }

    /// Repeated: `NoSuchAccessGrantError` (404).
    @discardableResult
    public func deleteAccessGrant(
        id: String, deadline: ContinuousClock.Instant? = nil
    ) async throws(AWSError) -> AWSReply<Void> {
        try await callWithoutAnswer("s3:DeleteAccessGrant", grant(id), method: .delete, deadline)
    }

    /// A page of grants. Changes nothing.
    /// - Parameter maxResults: 0 to 1,000.
    public func listAccessGrants(
        _ filter: AccessGrantFilter = AccessGrantFilter(), maxResults: Int? = nil, nextToken: String? = nil,
        deadline: ContinuousClock.Instant? = nil
    ) async throws(AWSError) -> AWSPage<AccessGrant> {
        let query = [
            ("nextToken", nextToken), ("maxResults", maxResults.map(String.init)),
            ("granteetype", filter.granteeKind?.rawValue), ("granteeidentifier", filter.granteeIdentifier),
            ("permission", filter.permission?.rawValue), ("grantscope", filter.scope),
            ("application_arn", filter.applicationARN),
        ]
        return try await call("s3:ListAccessGrants", "\(Self.instancePath)/grants", query: query, deadline) {
            try AWSPage($0, "AccessGrantsList", "AccessGrant") { try AccessGrant($0) }
        }
    }

    private func grant(_ id: String) -> String { "\(Self.instancePath)/grant/\(URIEncoding.encode(id))" }
}

extension AccessGrant {
    init(_ element: XMLElement) throws {
        let grantee = try element.requiredChild("Grantee")
        guard let kind = AccessGrantee.Kind(rawValue: try grantee.required("GranteeType")),
            let permission = AccessGrantPermission(rawValue: try element.required("Permission"))
        else { throw AnswerProblem(description: "the answer has an unknown grantee type or permission") }
        self.init(
            id: try element.required("AccessGrantId"), arn: try element.required("AccessGrantArn"),
            grantee: AccessGrantee(kind: kind, identifier: try grantee.required("GranteeIdentifier")),
            permission: permission, locationID: try element.required("AccessGrantsLocationId"),
            subPrefix: element.child("AccessGrantsLocationConfiguration")?.nonEmpty("S3SubPrefix"),
            scope: try element.required("GrantScope"), applicationARN: element.nonEmpty("ApplicationArn"),
            createdAt: try element.nonEmpty("CreatedAt").map { try ISO8601.parse($0) })
    }
}
