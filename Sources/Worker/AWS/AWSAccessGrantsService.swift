public import AWS
public import Domain

/// The domain's port on the AWS clients.
public struct AWSAccessGrantsService: AccessGrantsService {
    let connections: AWSConnections

    /// - Parameter auto: the server's own credential chain, for integrations that say `auto`.
    public init(_ runtime: AWSRuntime, auto: any AWSCredentialsProvider) {
        connections = AWSConnections(runtime, auto: auto)
    }

    /// What reaches the connection's account; sessions of roles are shared with the calls made here.
    public func credentials(of connection: AWSConnection) -> any AWSCredentialsProvider {
        connections[connection].credentials
    }

    public func callerIdentity(
        _ connection: AWSConnection, deadline: Duration
    ) async throws(AWSProblem) -> Domain.CallerIdentity {
        let caller = try await call("sts:GetCallerIdentity", deadline) { end throws(AWSError) in
            try await connections[connection].sts.getCallerIdentity(deadline: end)
        }
        return CallerIdentity(accountID: caller.account, arn: caller.arn)
    }

    public func instance(_ connection: AWSConnection, deadline: Duration) async throws(AWSProblem) -> String {
        try await call("s3:GetAccessGrantsInstance", deadline) { end throws(AWSError) in
            try await connections[connection].s3Control.getAccessGrantsInstance(deadline: end).arn
        }
    }

    public func listPrefixes(
        at path: LocationPath, _ connection: AWSConnection, deadline: Duration
    ) async throws(AWSProblem) {
        let s3 = connections[connection].s3
        guard let bucket = path.bucket else {
            _ = try await call("s3:ListAllMyBuckets", deadline) { end throws(AWSError) in
                try await s3.listBuckets(deadline: end)
            }
            return
        }
        let request = ListObjectsRequest(bucket: bucket, prefix: path.prefix, delimiter: "/", maxKeys: 1)
        // A bucket of another Region cannot be a location here, so its Region is asked to be told, not to be followed.
        _ = try await call("s3:ListBucket", deadline) { end throws(AWSError) in
            try await s3.listObjects(request, followsRegion: false, deadline: end)
        }
    }

    /// Reads every location and picks: one request of one round trip, as an instance has 1,000 at most unless AWS raised
    /// its quota. The `locationscope` filter would take a request for each spelling, and how it matches is not documented.
    public func locations(
        at path: LocationPath, _ connection: AWSConnection, deadline: Duration
    ) async throws(AWSProblem) -> FoundLocations {
        let client = connections[connection].s3Control
        return try await call("s3:ListAccessGrantsLocations", deadline) { end throws(AWSError) in
            var found = FoundLocations(matching: [], total: 0)
            var token: String?
            repeat {
                let page = try await client.listAccessGrantsLocations(
                    maxResults: Self.pageSize, nextToken: token, deadline: end)
                found.matching += page.items.filter { LocationPath.same(path, scope: $0.scope) }.map(AWSLocation.init)
                found.total += page.items.count
                token = page.nextToken
            } while token != nil
            return found
        }
    }

    public func location(
        id: String, _ connection: AWSConnection, deadline: Duration
    ) async throws(AWSProblem) -> AWSLocation? {
        do throws(AWSProblem) {
            return AWSLocation(
                try await call("s3:GetAccessGrantsLocation", deadline) { end throws(AWSError) in
                    try await connections[connection].s3Control.getAccessGrantsLocation(id: id, deadline: end)
                })
        } catch {
            guard error.code == Self.noSuchLocation else { throw error }
            return nil
        }
    }

    public func createLocation(
        at path: LocationPath, role: IAMRoleARN, _ connection: AWSConnection, deadline: Duration
    ) async throws(AWSProblem) -> AWSLocation {
        AWSLocation(
            try await call("s3:CreateAccessGrantsLocation", deadline) { end throws(AWSError) in
                try await connections[connection].s3Control.createAccessGrantsLocation(
                    scope: path.description, roleARN: role.description, deadline: end)
            })
    }

    public func updateLocation(
        id: String, role: IAMRoleARN, _ connection: AWSConnection, deadline: Duration
    ) async throws(AWSProblem) {
        _ = try await call("s3:UpdateAccessGrantsLocation", deadline) { end throws(AWSError) in
            try await connections[connection].s3Control.updateAccessGrantsLocation(
                id: id, roleARN: role.description, deadline: end)
        }
    }

    public func deleteLocation(id: String, _ connection: AWSConnection, deadline: Duration) async throws(AWSProblem) {
        do throws(AWSProblem) {
            try await call("s3:DeleteAccessGrantsLocation", deadline) { end throws(AWSError) in
                try await connections[connection].s3Control.deleteAccessGrantsLocation(id: id, deadline: end)
            }
        } catch {
            guard error.code == Self.noSuchLocation else { throw error }
        }
    }

    private static let noSuchLocation = "NoSuchAccessGrantsLocationError"
    /// AWS's maximum.
    static let pageSize = 1000

    func call<Value>(
        _ action: String, _ deadline: Duration,
        _ operation: (ContinuousClock.Instant) async throws(AWSError) -> Value
    ) async throws(AWSProblem) -> Value {
        let start = ContinuousClock.now
        do throws(AWSError) {
            let value = try await operation(start.advanced(by: deadline))
            ReconcileMetrics.called(action, outcome: "success", start.duration(to: .now))
            return value
        } catch {
            let problem = AWSProblem(error)
            ReconcileMetrics.called(action, outcome: problem.kind.label, start.duration(to: .now))
            throw problem
        }
    }
}

extension AWSLocation {
    init(_ location: AccessGrantsLocation) {
        self.init(
            id: location.id, arn: location.arn, scope: location.scope, roleARN: location.roleARN,
            createdAt: location.createdAt)
    }
}
