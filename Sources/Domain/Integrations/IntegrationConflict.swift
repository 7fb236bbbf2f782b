/// Why two integrations cannot both be, in the words of tests 1 and 2.
extension DomainError {
    /// Test 1. `badRequest` when the other one is in `createError`: it is to be mended, not doubled.
    public static func pathInUse(
        _ path: LocationPath, by id: IntegrationID, status: IntegrationStatus
    ) -> DomainError {
        guard status == .createError else {
            return DomainError(.conflict, "Native S3 integration already exists on \(path) (id = \(id)).")
        }
        return DomainError(
            .badRequest,
            """
            Use PUT /integrations/\(id) endpoint to update connection information for Native S3 integration on \
            \(path) (id = \(id)) that previously failed to create.
            """)
    }

    /// Test 2.
    public static func nameInUse(_ name: String, by id: IntegrationID) -> DomainError {
        DomainError(
            .conflict,
            """
            Native S3 integration with the name "\(name)" already exists (id = \(id)). Choose another name.
            """)
    }

    /// The path is free, but another integration's location there is still being removed.
    public static func scopeInUse(_ path: LocationPath, by id: IntegrationID) -> DomainError {
        DomainError(
            .conflict,
            """
            The Access Grants location of Native S3 integration \(id) on \(path) is still being removed. \
            Try again in a minute.
            """)
    }
}
