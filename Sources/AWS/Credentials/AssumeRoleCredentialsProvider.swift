public import SigV4
import Transport

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// A role's credentials, kept until five minutes before they expire; callers at the same time share one request.
///
/// The request runs on its own, so that neither a caller's deadline nor its cancellation fails the others. If it fails
/// while the kept credentials still hold for a minute, they are given out once more.
public actor AssumeRoleCredentialsProvider: AWSCredentialsProvider {
    private typealias Waiter = CheckedContinuation<Result<AWSCredentials, AWSError>, Never>

    private let sts: STSClient
    private let request: AssumeRoleRequest
    private let time: AWSTime
    private var kept: AWSCredentials?
    private var isRefreshing = false
    private var waiters: [Int: Waiter] = [:]
    private var lastWaiter = 0

    /// Seconds before the end at which credentials are renewed: longer than any call may take.
    private static let margin = 300.0
    /// Seconds before the end at which credentials are no longer given out at all.
    private static let lastUse = 60.0

    public init(
        _ runtime: AWSRuntime, base: any AWSCredentialsProvider, region: String, request: AssumeRoleRequest
    ) {
        sts = STSClient(runtime, credentials: base, region: region)
        self.request = request
        time = runtime.time
    }

    public func credentials() async throws(AWSError) -> AWSCredentials {
        try await credentials(deadline: nil)
    }

    /// Throws a `TransportError.timeout` or `.cancelled` of `sts:AssumeRole` when the caller cannot wait any longer.
    public func credentials(deadline: ContinuousClock.Instant?) async throws(AWSError) -> AWSCredentials {
        if let kept = keptCredentials(for: Self.margin) { return kept }
        lastWaiter += 1
        let id = lastWaiter
        let timer = deadline.map { deadline in
            Task { [time] in
                do { try await time.sleep(deadline - time.instant()) } catch { return }
                self.giveUp(id, .timeout(requestSent: false))
            }
        }
        defer { timer?.cancel() }
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { waiter in wait(waiter, id, deadline) }
        } onCancel: {
            Task { await self.giveUp(id, .cancelled(requestSent: false)) }
        }
        return try result.get()
    }

    private func keptCredentials(for seconds: Double) -> AWSCredentials? {
        guard let kept, let end = kept.expiration, end.timeIntervalSince(time.now()) > seconds else { return nil }
        return kept
    }

    private func wait(_ waiter: Waiter, _ id: Int, _ deadline: ContinuousClock.Instant?) {
        waiters[id] = waiter
        // A cancellation before this point found nobody waiting, and so would the timer.
        if Task.isCancelled { return giveUp(id, .cancelled(requestSent: false)) }
        if let deadline, deadline <= time.instant() { return giveUp(id, .timeout(requestSent: false)) }
        guard !isRefreshing else { return }
        isRefreshing = true
        Task { [sts, request] in
            do throws(AWSError) {
                finish(.success(try await sts.assumeRole(request)))
            } catch {
                finish(.failure(error))
            }
        }
    }

    private func giveUp(_ id: Int, _ error: TransportError) {
        waiters.removeValue(forKey: id)?.resume(returning: .failure(.transport(error, "sts:AssumeRole")))
    }

    private func finish(_ result: Result<AWSCredentials, AWSError>) {
        isRefreshing = false
        var result = result
        switch result {
        case .success(let credentials): kept = credentials
        case .failure: if let kept = keptCredentials(for: Self.lastUse) { result = .success(kept) }
        }
        let waiting = waiters.values
        waiters = [:]
        for waiter in waiting { waiter.resume(returning: result) }
    }
}
