import HTTPTypes
import SigV4
import Transport

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// What an attempt failed with, and what its answer says about the next one.
private struct AttemptFailure: Error {
    var error: AWSError
    /// The server's clock.
    var serverDate: Date?
    /// Seconds.
    var retryAfter: Double?
}

/// What is known of a call between its attempts.
private struct CallState {
    var attempts = 0
    var mayHaveSucceeded = false
    var lastCost: Int?
    var hasCorrectedClock = false
}

extension AWSRuntime {
    /// Signs and sends the call until it succeeds, fails for good, or the policy, the quota or the deadline ends it.
    func run<Output: Sendable>(
        _ call: AWSCall<Output>, credentials: any AWSCredentialsProvider, deadline: ContinuousClock.Instant?
    ) async throws(AWSError) -> Output {
        var state = CallState()
        while true {
            let signing: AWSCredentials
            do throws(AWSError) {
                signing = try await credentials.credentials(deadline: deadline)
                if let deadline, deadline <= time.instant() {
                    throw AWSError.transport(.timeout(requestSent: false), call.operation)
                }
            } catch {
                throw finished(error, state)
            }
            state.attempts += 1
            do throws(AttemptFailure) {
                let output = try await attempt(call, signing, state.attempts, deadline)
                quota.giveBack(state.lastCost ?? 1)
                return output
            } catch {
                if call.isMutating, error.error.mayHaveSucceeded { state.mayHaveSucceeded = true }
                guard await isWorthRepeating(error, &state, deadline) else { throw finished(error.error, state) }
            }
        }
    }

    /// An error of the credentials comes with its own attempts, and with a lost answer that was none of this call's.
    private func finished(_ error: AWSError, _ state: CallState) -> AWSError {
        var error = error
        error.attempts += state.attempts
        error.mayHaveSucceeded = state.mayHaveSucceeded
        return error
    }

    private func attempt<Output: Sendable>(
        _ call: AWSCall<Output>, _ credentials: AWSCredentials, _ number: Int, _ deadline: ContinuousClock.Instant?
    ) async throws(AttemptFailure) -> Output {
        let signer = Signer(
            credentials: credentials, region: call.endpoint.signingRegion, service: call.service.signingName)
        let request = signer.sign(
            call.request, payload: .body(call.body), at: time.now().addingTimeInterval(skew.offset))
        let description = AWSAttempt(
            operation: call.operation, region: call.endpoint.signingRegion, number: number, isMutating: call.isMutating)
        await observer?.willSend(description)
        let start = time.instant()
        let result: Result<Output, AttemptFailure>
        do throws(TransportError) {
            let timeout = min(attemptTimeout, deadline.map { $0 - start } ?? attemptTimeout)
            let response = try await transport.send(
                DocumentRequest(request, body: call.body, connectTimeout: connectTimeout, timeout: timeout))
            result = read(response, call)
        } catch {
            result = .failure(AttemptFailure(error: .transport(error, call.operation)))
        }
        if let observer {
            var outcome = AWSAttemptOutcome.success
            if case .failure(let failure) = result { outcome = .failure(failure.error) }
            await observer.didFinish(description, duration: time.instant() - start, outcome: outcome)
        }
        return try result.get()
    }

    private func read<Output>(_ response: DocumentResponse, _ call: AWSCall<Output>) -> Result<Output, AttemptFailure> {
        guard (200..<300).contains(response.status.code) else {
            return .failure(
                AttemptFailure(
                    error: ServiceErrorReader.read(response, operation: call.operation),
                    serverDate: response.headerFields[.date].flatMap { AmzDate.parseHTTPDate($0) },
                    retryAfter: response.headerFields[.amzRetryAfter].flatMap(Self.seconds)))
        }
        do {
            return .success(try call.decode(response))
        } catch {
            return .failure(
                AttemptFailure(
                    error: AWSError(
                        kind: .decoding, operation: call.operation, code: "MalformedResponse", message: "\(error)",
                        httpStatus: response.status.code, requestID: response.headerFields[.amzRequestID],
                        mayHaveSucceeded: true)))
        }
    }

    /// Reads `x-amz-retry-after`, a number of milliseconds.
    private static func seconds(_ milliseconds: String) -> Double? {
        Double(milliseconds).flatMap { $0.isFinite ? $0 / 1000 : nil }
    }

    /// Waits if the call is to be repeated.
    private func isWorthRepeating(
        _ failure: AttemptFailure, _ state: inout CallState, _ deadline: ContinuousClock.Instant?
    ) async -> Bool {
        if !state.hasCorrectedClock, correctClock(failure) {
            state.hasCorrectedClock = true
            return true
        }
        guard state.attempts < retry.maxAttempts, let kind = RetryClass(failure.error), !Task.isCancelled else {
            return false
        }
        let delay = retry.delay(
            kind, number: state.attempts, random: time.random(), retryAfter: failure.retryAfter)
        if let deadline, time.instant().advanced(by: .seconds(delay)) >= deadline { return false }
        guard quota.take(kind.cost) else { return false }
        state.lastCost = kind.cost
        do {
            try await time.sleep(.seconds(delay))
            return true
        } catch {
            // The sleep ends early only when the task is cancelled; the caller gets the failure that led here.
            return false
        }
    }

    /// Learns the server's time from an answer that refused ours; true when that changes what will be sent.
    private func correctClock(_ failure: AttemptFailure) -> Bool {
        guard failure.error.kind == .service, let serverDate = failure.serverDate else { return false }
        let offset = serverDate.timeIntervalSince(time.now())
        let change = abs(offset - skew.offset)
        let isDefinite = Self.skewCodes.contains(failure.error.code) && change > 1
        let isPossible = Self.possibleSkewCodes.contains(failure.error.code) && change > Self.largeSkew
        guard isDefinite || isPossible else { return false }
        skew.offset = offset
        return true
    }

    private static let skewCodes: Set = ["RequestTimeTooSkewed", "RequestExpired", "RequestInTheFuture"]
    private static let possibleSkewCodes: Set = ["InvalidSignatureException", "SignatureDoesNotMatch", "AuthFailure"]
    /// Seconds beyond which a refused signature is blamed on the clock, as AWS's SDKs do.
    private static let largeSkew = 240.0
}

extension HTTPField.Name {
    static let amzRetryAfter = Self(known: "x-amz-retry-after")
    static let amzRequestID = Self(known: "x-amz-request-id")
    static let amzID2 = Self(known: "x-amz-id-2")
    static let amzBucketRegion = Self(known: "x-amz-bucket-region")
    static let amzAccountID = Self(known: "x-amz-account-id")
    static let amzChecksumCRC32 = Self(known: "x-amz-checksum-crc32")
    static let amznRequestID = Self(known: "x-amzn-requestid")
}
