import Domain

/// What AWS shows at a path.
extension IntegrationPass {
    enum Sight {
        case nothing
        case ours(AWSLocation)
        case foreign
    }

    func look(at record: LocationRecord, of current: Integration) async -> Result<Sight, AWSProblem> {
        do throws(AWSProblem) {
            let found = try await service.locations(
                at: record.path, current.activeConnection, deadline: options.callDeadline)
            // Other spellings of the path are other locations to AWS, and never ours.
            guard let location = found.matching.first(where: { $0.scope == record.path.description }) else {
                return .success(.nothing)
            }
            return .success(record.mayBe(location) ? .ours(location) : .foreign)
        } catch {
            return .failure(error)
        }
    }
}
