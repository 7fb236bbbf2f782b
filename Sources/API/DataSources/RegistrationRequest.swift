import Domain

/// `{"type","integrationId","dataSources":[{"dataSourceName"?,"prefix","prefixType"?},…]}`: well formed, but not yet
/// measured against the integration.
struct RegistrationRequest {
    /// Of one call.
    static let maximumEntries = 10_000
    /// For as many entries, with names and prefixes of some 400 bytes each; other bodies may have 1 MiB.
    static let maximumBodyBytes = 8 << 20

    var integrationID: IntegrationID
    var entries: [Entry]

    struct Entry {
        /// Empty: made from the prefix.
        var name: String
        var prefix: String
        var prefixType: PrefixType?
    }

    /// - Throws: `badRequest` with every fault.
    static func read(_ json: JSONValue, with faults: [InputFault]) throws(DomainError) -> RegistrationRequest {
        var root = try FieldReader.root(json)
        if let type = root.string("type", limit: 100), type != IntegrationRequest.type {
            root.fault("type", "must be \"\(IntegrationRequest.type)\"")
        }
        let id = root.id("integrationId")
        let readers = root.objects("dataSources", limit: maximumEntries) ?? []
        var entries: [Entry] = []
        entries.reserveCapacity(readers.count)
        for var reader in readers {
            if let entry = Entry(&reader) { entries.append(entry) }
            root.take(reader)
        }
        try root.finish(with: faults)
        guard let id else { preconditionFailure("a missing id is a fault") }
        return RegistrationRequest(integrationID: IntegrationID(id), entries: entries)
    }

    /// - Throws: `badRequest` with every fault of what is asked for below the integration's path.
    func dataSources(of integration: IntegrationConfiguration) throws(DomainError) -> [NewDataSource] {
        var faults: [InputFault] = []
        var new: [NewDataSource] = []
        new.reserveCapacity(entries.count)
        for (index, entry) in entries.enumerated() {
            do throws(InputFault) {
                new.append(try entry.dataSource(of: integration))
            } catch {
                faults.append(InputFault("dataSources[\(index)].\(error.path)", error.message))
            }
        }
        guard faults.isEmpty else { throw .invalid(faults) }
        return new
    }
}

extension RegistrationRequest.Entry {
    fileprivate init?(_ reader: inout FieldReader) {
        let name = reader.optionalString("dataSourceName", limit: DataSource.maximumNameLength, allowsEmpty: true) ?? ""
        if !name.isEmpty, name.allSatisfy(\.isWhitespace) { reader.fault("dataSourceName", "must not be blank") }
        let prefix = reader.string("prefix", limit: 2048, allowsEmpty: true)
        let prefixType = reader.optionalChoice("prefixType", of: PrefixType.self)
        guard let prefix else { return nil }
        self.init(name: name, prefix: prefix, prefixType: prefixType)
    }

    /// - Throws: `InputFault` with the member as its path.
    fileprivate func dataSource(of integration: IntegrationConfiguration) throws(InputFault) -> NewDataSource {
        let canonical: DataPrefix
        do throws(InputFault) {
            canonical = try DataPrefix(prefix, under: integration.path, isObject: prefixType.map { $0 == .object })
        } catch {
            throw InputFault("prefix", error.message)
        }
        let name = name.isEmpty ? DataSource.defaultName(canonical, of: integration) : name
        guard name.unicodeScalars.count <= DataSource.maximumNameLength else {
            throw InputFault(
                "dataSourceName",
                "is required: made from this prefix, it would have more than \(DataSource.maximumNameLength) characters"
            )
        }
        return NewDataSource(name: name, prefix: canonical, scope: canonical.scope(under: integration.path))
    }
}

/// What a prefix that ends in neither `/` nor `*` names.
enum PrefixType: String, CaseIterable {
    case object = "Object"
    case prefix = "Prefix"
}
