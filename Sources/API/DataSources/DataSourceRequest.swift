import Domain

/// `{"name"?,"description"?,"deleted"?}`, and what reads show, so that GET, change, PUT works.
struct DataSourceUpdate {
    private var name: String?
    private var description: String?
    private var isDeleted: Bool?
    /// Members that cannot be changed, as they were sent.
    private var fixed: [JSONValue.Member] = []

    private static let fixedNames = [
        "id", "sqlTableName", "integrationId", "prefix", "prefixType", "blobHandlerType", "createdBy", "createdAt",
        "schemaEvolutionId",
    ]

    /// - Throws: `badRequest` with every fault.
    static func read(_ json: JSONValue, with faults: [InputFault]) throws(DomainError) -> DataSourceUpdate {
        var root = try FieldReader.root(json)
        root.ignore("status", "subscriptionStatus", "subscriptionType", "blobHandler", "updatedAt", "grants")
        var update = DataSourceUpdate()
        update.name = root.optionalString("name", limit: DataSource.maximumNameLength)
        if let name = update.name, name.allSatisfy(\.isWhitespace) { root.fault("name", "must not be blank") }
        update.description = root.optionalString("description", limit: 4096, allowsEmpty: true)
        update.isDeleted = root.optionalBool("deleted")
        for name in fixedNames {
            if let value = root.optional(name) { update.fixed.append(.init(name: name, value: value)) }
        }
        try root.finish(with: faults)
        return update
    }

    /// - Throws: `badRequest` naming every member that would be changed and cannot be.
    func change(of view: DataSourceView) throws(DomainError) -> DataSourceChange {
        let shown = view.summary
        var faults = fixed.filter { shown[$0.name] != $0.value }.map { InputFault($0.name, "cannot be changed") }
        if isDeleted == true, !view.dataSource.isDisabled {
            faults.append(InputFault("deleted", "must be false: DELETE disables a data source"))
        }
        try faults.refuse()
        var change = DataSourceChange()
        change.name = name
        change.description = description.map { $0.isEmpty ? nil : $0 }
        change.isRestored = isDeleted == false && view.dataSource.isDisabled
        return change
    }
}

/// `{"dataSourceIds":[1,2]}`
enum RefreshRequest {
    /// Of one call.
    static let maximumIDs = 1000

    /// Each once, in the order sent.
    ///
    /// - Throws: `badRequest` with every fault.
    static func read(_ json: JSONValue, with faults: [InputFault]) throws(DomainError) -> [DataSourceID] {
        var root = try FieldReader.root(json)
        let ids = root.ids("dataSourceIds", limit: maximumIDs) ?? []
        try root.finish(with: faults)
        var known: Set<Int64> = []
        return ids.filter { known.insert($0).inserted }.map { DataSourceID($0) }
    }
}
