/// The results of a run, and the error they amount to.
public struct ValidationOutcome: Sendable, Equatable {
    public private(set) var results = ValidationResults(tests: [])
    let purpose: ValidationPurpose
    /// The error the first failed test stands for, where it is not the general one.
    private var conflict: DomainError?

    init(purpose: ValidationPurpose) { self.purpose = purpose }

    /// `nil` when every test passed (or warned).
    public var error: DomainError? {
        guard results.status == .failed else { return nil }
        var error =
            conflict
            ?? DomainError(
                .unprocessable,
                "Validation of prerequisite setup failed. Unable to \(purpose.verb) integration.")
        error.validationResults = results
        return error
    }

    private mutating func add(_ name: ValidationTest.Name, _ failure: String?, durationMs: Int = 0) {
        results.tests.append(
            ValidationTest(name, failure == nil ? .passed : .failed, failure, durationMs: durationMs))
    }

    private mutating func skip(_ name: ValidationTest.Name, because prerequisite: ValidationTest.Name) {
        results.tests.append(
            ValidationTest(name, .skipped, "Not run, because this failed: \(prerequisite.rawValue)."))
    }

    private func failed(_ name: ValidationTest.Name) -> Bool {
        results.tests.contains { $0.name == name && $0.status == .failed }
    }

    /// A failure of this kind answers instead of the general 422, if nothing else failed before it.
    private mutating func answer(_ code: DomainError.Code, _ message: String) {
        guard conflict == nil, !results.tests.dropLast().contains(where: { $0.status == .failed }) else { return }
        conflict = DomainError(code, message)
    }
}

// MARK: Tests 1 to 3, which ask nobody

extension ValidationOutcome {
    mutating func checkUniqueness(of proposal: IntegrationProposal, among all: [Integration]) {
        let others = all.filter { $0.id != purpose.integration?.id && $0.status.isInUse }
        let same = others.first { $0.configuration.path == proposal.path || $0.pending?.path == proposal.path }
        if let same {
            let error = DomainError.pathInUse(proposal.path, by: same.id, status: same.status)
            add(.noExistingIntegration, error.message)
            answer(error.code, error.message)
        } else {
            add(.noExistingIntegration, nil)
        }
        let namesake = others.first { $0.configuration.name == proposal.name || $0.pending?.name == proposal.name }
        if let namesake {
            let error = DomainError.nameInUse(proposal.name, by: namesake.id)
            add(.uniqueName, error.message)
            answer(error.code, error.message)
        } else {
            add(.uniqueName, nil)
        }
    }

    mutating func checkRole(_ text: String) {
        do {
            _ = try IAMRoleARN(text)
            add(.roleARN, nil)
        } catch {
            add(
                .roleARN,
                """
                "\(text.prefix(200))" is not the ARN of an IAM role: \(error.reason). \
                Give config.awsLocationRole as arn:aws:iam::123456789012:role/NAME.
                """)
        }
    }
}

// MARK: Tests 4 to 7, which ask AWS

extension ValidationOutcome {
    mutating func judge(
        identity: Measured<CallerIdentity>, instance: Measured<String>, _ advice: ValidationAdvice
    ) {
        switch identity.result {
        case .failure(let problem):
            add(.callerIdentity, advice.identityFailed(problem), durationMs: identity.milliseconds)
        case .success(let caller):
            results.tests.append(judge(caller, instance, advice, durationMs: identity.milliseconds))
        }
        guard !failed(.callerIdentity) else { return skip(.instance, because: .callerIdentity) }
        let caller = try? identity.result.get()
        switch instance.result {
        case .success: add(.instance, nil, durationMs: instance.milliseconds)
        case .failure(let problem):
            add(.instance, advice.instanceFailed(problem, caller: caller), durationMs: instance.milliseconds)
        }
    }

    private func judge(
        _ caller: CallerIdentity, _ instance: Measured<String>, _ advice: ValidationAdvice, durationMs: Int
    ) -> ValidationTest {
        guard caller.accountID != advice.accountID else {
            return ValidationTest(.callerIdentity, .passed, durationMs: durationMs)
        }
        let isShared = if case .success = instance.result { true } else { false }
        return ValidationTest(
            .callerIdentity, isShared ? .warning : .failed, advice.otherAccount(caller, isShared: isShared),
            durationMs: durationMs)
    }

    mutating func judge(listing: Measured<Void>, _ advice: ValidationAdvice) {
        guard !failed(.callerIdentity) else { return skip(.pathExists, because: .callerIdentity) }
        switch listing.result {
        case .success: add(.pathExists, nil, durationMs: listing.milliseconds)
        case .failure(let problem):
            add(.pathExists, advice.listingFailed(problem), durationMs: listing.milliseconds)
        }
    }

    mutating func judge(locations: Measured<FoundLocations>, quota: Int, _ advice: ValidationAdvice) {
        switch purpose {
        case .delete: return
        case .check(let integration): judgeOwn(locations, of: integration, advice)
        case .create, .edit: judgeForeign(locations, quota, advice)
        }
    }

    private mutating func judgeForeign(
        _ locations: Measured<FoundLocations>, _ quota: Int, _ advice: ValidationAdvice
    ) {
        let name = ValidationTest.Name.noExistingLocation
        if let prerequisite = [.callerIdentity, .instance].first(where: failed) {
            return skip(name, because: prerequisite)
        }
        switch locations.result {
        case .failure(let problem):
            add(name, advice.locationsFailed(problem), durationMs: locations.milliseconds)
        case .success(let found):
            let own = Set(purpose.integration?.locations.compactMap(\.made?.locationID) ?? [])
            guard let foreign = found.matching.first(where: { !own.contains($0.id) && !mayBeOwn($0) }) else {
                return judge(
                    used: found.total, of: quota, isNew: found.matching.isEmpty, advice, locations.milliseconds)
            }
            add(name, advice.locationExists(foreign), durationMs: locations.milliseconds)
            answer(.conflict, "Access Grants location already exists on provided path.")
        }
    }

    /// - Parameter isNew: what is proposed takes a location more.
    private mutating func judge(
        used: Int, of quota: Int, isNew: Bool, _ advice: ValidationAdvice, _ durationMs: Int
    ) {
        let name = ValidationTest.Name.noExistingLocation
        guard !isNew || used < quota else {
            add(name, advice.noLocationsLeft(used, of: quota), durationMs: durationMs)
            return answer(.conflict, advice.isFull)
        }
        guard AccessGrantsQuotas.isNear(used, of: quota) else { return add(name, nil, durationMs: durationMs) }
        results.tests.append(
            ValidationTest(name, .warning, advice.fewLocationsLeft(used, of: quota), durationMs: durationMs))
    }

    /// A create of ours whose answer was lost may have made it.
    private func mayBeOwn(_ location: AWSLocation) -> Bool {
        purpose.integration?.locations.contains {
            $0.mayBe(location)
        } ?? false
    }

    /// Asked in the place of test 7 by the recurring check.
    private mutating func judgeOwn(
        _ locations: Measured<FoundLocations>, of integration: Integration, _ advice: ValidationAdvice
    ) {
        guard !failed(.callerIdentity), !failed(.instance) else { return }
        let failure: String? =
            switch locations.result {
            case .failure(let problem): advice.locationsFailed(problem)
            case .success(let found):
                advice.ownLocation(found.matching.first, expectedRole: integration.configuration.locationRole)
            }
        if let failure { add(.noExistingLocation, failure, durationMs: locations.milliseconds) }
    }
}
