import AWS
public import Domain

extension AWSAccessGrantsService {
    public func createGrant(
        _ key: GrantKey, locationID: String, _ connection: AWSConnection, deadline: Duration
    ) async throws(AWSProblem) -> AWSAnswer<AWSGrant> {
        let request = CreateAccessGrantRequest(
            locationID: locationID, subPrefix: key.subPrefix, grantee: AccessGrantee(key.grantee),
            permission: AccessGrantPermission(key.permission), isObject: key.isObject)
        let reply = try await call("s3:CreateAccessGrant", deadline) { end throws(AWSError) in
            try await connections[connection].grants.createAccessGrant(request, deadline: end)
        }
        return AWSAnswer(AWSGrant(reply.value), requestID: reply.requestID)
    }

    public func deleteGrant(
        id: String, _ connection: AWSConnection, deadline: Duration
    ) async throws(AWSProblem) -> AWSAnswer<Void> {
        let reply = try await call("s3:DeleteAccessGrant", deadline) { end throws(AWSError) in
            try await connections[connection].grants.deleteAccessGrant(id: id, deadline: end)
        }
        return AWSAnswer((), requestID: reply.requestID)
    }

    public func grant(
        id: String, _ connection: AWSConnection, deadline: Duration
    ) async throws(AWSProblem) -> AWSGrant? {
        do throws(AWSProblem) {
            return AWSGrant(
                try await call("s3:GetAccessGrant", deadline) { end throws(AWSError) in
                    try await connections[connection].s3Control.getAccessGrant(id: id, deadline: end)
                })
        } catch {
            guard error.code == "NoSuchAccessGrantError" else { throw error }
            return nil
        }
    }

    public func grants(
        matching key: GrantKey, _ connection: AWSConnection, deadline: Duration
    ) async throws(AWSProblem) -> [AWSGrant] {
        let filter = AccessGrantFilter(
            granteeKind: AccessGrantee.Kind(key.grantee.type), granteeIdentifier: key.grantee.identifier,
            permission: AccessGrantPermission(key.permission), scope: key.scope)
        var found: [AWSGrant] = []
        var token: String?
        repeat {
            let page = try await list(filter, token, connection, deadline)
            found += page.items.map(AWSGrant.init).filter {
                $0.grantee == key.grantee && $0.permission == key.permission.rawValue && $0.scope == key.scope
            }
            token = page.nextToken
        } while token != nil
        return found
    }

    public func grants(
        page: String?, _ connection: AWSConnection, deadline: Duration
    ) async throws(AWSProblem) -> AWSGrantPage {
        let page = try await list(AccessGrantFilter(), page, connection, deadline)
        return AWSGrantPage(grants: page.items.map(AWSGrant.init), next: page.nextToken)
    }

    private func list(
        _ filter: AccessGrantFilter, _ token: String?, _ connection: AWSConnection, _ deadline: Duration
    ) async throws(AWSProblem) -> AWSPage<AccessGrant> {
        try await call("s3:ListAccessGrants", deadline) { end throws(AWSError) in
            try await connections[connection].grants.listAccessGrants(
                filter, maxResults: Self.pageSize, nextToken: token, deadline: end)
        }
    }
}

extension AccessGrantee {
    init(_ grantee: Domain.Grantee) { self.init(kind: Kind(grantee.type), identifier: grantee.identifier) }
}

extension AccessGrantee.Kind {
    init(_ type: Domain.Grantee.Kind) {
        self =
            switch type {
            case .iam: .iam
            case .directoryUser: .directoryUser
            case .directoryGroup: .directoryGroup
            }
    }
}

extension Domain.Grantee.Kind {
    init(_ kind: AccessGrantee.Kind) {
        self =
            switch kind {
            case .iam: .iam
            case .directoryUser: .directoryUser
            case .directoryGroup: .directoryGroup
            }
    }
}

extension AccessGrantPermission {
    init(_ permission: GrantPermission) {
        self =
            switch permission {
            case .read: .read
            case .readWrite: .readWrite
            }
    }
}

extension AWSGrant {
    init(_ grant: AccessGrant) {
        self.init(
            id: grant.id, arn: grant.arn, locationID: grant.locationID, scope: grant.scope,
            grantee: Grantee(Grantee.Kind(grant.grantee.kind), grant.grantee.identifier),
            permission: grant.permission.rawValue,
            // `ALL` and `NA` are how AWS says that no application is meant.
            isForOneApplication: grant.applicationARN?.hasPrefix("arn:") ?? false, createdAt: grant.createdAt)
    }
}
