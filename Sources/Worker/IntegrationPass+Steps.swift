import Domain

/// One step towards what is wanted of one location.
extension IntegrationPass {
    func create(_ record: LocationRecord, of current: Integration) async throws(DomainError) -> Progress {
        guard let begun = try await begin(record, of: current) else { return try await reread(current) }
        guard let role = begun.location(at: record.path)?.role else { return .onward(begun) }
        let location: AWSLocation
        do throws(AWSProblem) {
            location = try await service.createLocation(
                at: record.path, role: role, begun.activeConnection, deadline: options.callDeadline)
        } catch {
            guard error.code == "AccessGrantsLocationAlreadyExistsError" else {
                return try await failed(error, record, of: begun)
            }
            // Without a create of ours in the dark, whatever is there is somebody else's.
            guard error.mayHaveSucceeded || begun.location(at: record.path)?.lostCreate != nil else {
                return try await taken(record.path, isAnswered: true, of: begun)
            }
            return try await adopt(record, of: begun, after: error)
        }
        return try await made(location, role, at: record.path, of: begun)
    }

    func lookThenCreate(
        _ record: LocationRecord, of current: Integration
    ) async throws(DomainError) -> Progress {
        switch await look(at: record, of: current) {
        case .failure(let problem): return try await failed(problem, record, of: current)
        case .success(.ours(let location)):
            return try await found(location, record.role, at: record.path, of: current)
        case .success(.foreign): return try await taken(record.path, isAnswered: false, of: current)
        case .success(.nothing):
            guard let end = record.createMustWait(now: clock.now) else { return try await create(record, of: current) }
            return .waiting(try await commit(current) { $0.lookAgain(at: end, now: clock.now) })
        }
    }

    /// After AWS said that the location exists although none of ours is known: it may be of the attempt just made, or
    /// of the one before it.
    private func adopt(
        _ record: LocationRecord, of begun: Integration, after refusal: AWSProblem
    ) async throws(DomainError) -> Progress {
        switch await look(at: begun.location(at: record.path) ?? record, of: begun) {
        case .success(.ours(let location)): return try await found(location, record.role, at: record.path, of: begun)
        case .success(.foreign):
            return try await taken(record.path, isAnswered: !refusal.mayHaveSucceeded, of: begun)
        case .failure(var problem):
            problem.mayHaveSucceeded = refusal.mayHaveSucceeded
            return try await failed(problem, record, of: begun)
        case .success(.nothing):
            // AWS does not show yet what it refuses to make twice.
            var problem = refusal
            problem.kind = .serviceFault
            return try await failed(problem, record, of: begun)
        }
    }

    func lookThenUpdate(
        _ id: String, _ record: LocationRecord, of current: Integration
    ) async throws(DomainError) -> Progress {
        let location: AWSLocation?
        do throws(AWSProblem) {
            location = try await service.location(id: id, current.activeConnection, deadline: options.callDeadline)
        } catch {
            return try await failed(error, record, of: current)
        }
        guard let location else { return try await gone(record.path, of: current) }
        guard location.roleARN == record.role.description else { return try await update(id, record, of: current) }
        return try await found(location, record.role, at: record.path, of: current)
    }

    /// Once nothing begun earlier can be under way any more, a last look.
    func verify(
        _ id: String, _ record: LocationRecord, of current: Integration
    ) async throws(DomainError) -> Progress {
        guard let end = record.uncertain(now: clock.now) else {
            return try await lookThenUpdate(id, record, of: current)
        }
        return .waiting(try await commit(current) { $0.lookAgain(at: end, now: clock.now) })
    }

    func update(
        _ id: String, _ record: LocationRecord, of current: Integration
    ) async throws(DomainError) -> Progress {
        guard let begun = try await begin(record, of: current) else { return try await reread(current) }
        do throws(AWSProblem) {
            try await service.updateLocation(
                id: id, role: record.role, begun.activeConnection, deadline: options.callDeadline)
        } catch {
            guard error.code == "NoSuchAccessGrantsLocationError" else {
                return try await failed(error, record, of: begun)
            }
            return try await gone(record.path, of: begun)
        }
        guard var made = record.made else { return .onward(begun) }
        made.role = record.role
        return .onward(try await commit(begun) { $0.locationWasMade(made, at: record.path, now: clock.now) })
    }

    func delete(
        _ id: String, _ record: LocationRecord, of current: Integration
    ) async throws(DomainError) -> Progress {
        // AWS removes no location that has grants.
        if let wait = try await grants.census(of: current.id).removal(at: record.path) {
            return .waiting(try await waitForGrants(wait, current))
        }
        guard let begun = try await begin(record, of: current) else { return try await reread(current) }
        do throws(AWSProblem) {
            try await service.deleteLocation(id: id, begun.activeConnection, deadline: options.callDeadline)
        } catch {
            return try await failed(error, record, of: begun)
        }
        return try await gone(record.path, of: begun)
    }

    /// The grants move by themselves, once their location is there: this only waits for the last.
    func moveGrants(
        from old: LocationPath, to new: LocationPath, of current: Integration
    ) async throws(DomainError) -> Integration {
        guard let wait = try await grants.census(of: current.id).move(from: old, to: new) else {
            return try await commit(current) { $0.grantsHaveMoved(now: clock.now) }
        }
        return try await waitForGrants(wait, current)
    }

    private func waitForGrants(_ wait: GrantWait, _ current: Integration) async throws(DomainError) -> Integration {
        try await commit(current) { latest in
            latest.waitForGrants(
                wait, now: clock.now, delay: min(delay(latest), options.grantsLook), patience: options.patience)
        }
    }

    func lookThenDelete(
        _ record: LocationRecord, of current: Integration
    ) async throws(DomainError) -> Progress {
        switch await look(at: record, of: current) {
        case .failure(let problem): return try await failed(problem, record, of: current)
        // Once its id is written down, deleting it is the next step.
        case .success(.ours(let location)): return try await found(location, record.role, at: record.path, of: current)
        case .success(.foreign), .success(.nothing):
            guard let end = record.uncertain(now: clock.now) else { return try await gone(record.path, of: current) }
            return .waiting(try await commit(current) { $0.lookAgain(at: end, now: clock.now) })
        }
    }
}
