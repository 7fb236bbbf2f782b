public import SigV4

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// A role's credentials, kept until five minutes before they expire; callers at the same time share one request.
public actor AssumeRoleCredentialsProvider: AWSCredentialsProvider {
    private let sts: STSClient
    private let request: AssumeRoleRequest
    private let now: @Sendable () -> Date
    private var kept: AWSCredentials?
    private var refresh: Task<Result<AWSCredentials, AWSError>, Never>?

    /// Seconds before the end at which credentials are renewed: longer than any call may take.
    private static let margin = 300.0

    public init(
        _ runtime: AWSRuntime, base: any AWSCredentialsProvider, region: String, request: AssumeRoleRequest
    ) {
        sts = STSClient(runtime, credentials: base, region: region)
        self.request = request
        now = runtime.time.now
    }

    public func credentials() async throws(AWSError) -> AWSCredentials {
        if let kept, let end = kept.expiration, end.timeIntervalSince(now()) > Self.margin { return kept }
        if let refresh { return try await refresh.value.get() }
        // Awaited below and by everybody who comes meanwhile; one caller's cancellation must not fail the others.
        let task = Task { [sts, request] () async -> Result<AWSCredentials, AWSError> in
            do throws(AWSError) {
                return .success(try await sts.assumeRole(request))
            } catch {
                return .failure(error)
            }
        }
        refresh = task
        let result = await task.value
        refresh = nil
        kept = try? result.get()
        return try result.get()
    }
}
