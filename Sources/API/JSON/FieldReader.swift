import Domain

/// Takes an object apart and notes every fault, so that a caller learns of all of them at once.
struct FieldReader {
    let path: String
    private let members: [JSONValue.Member]
    private var known: Set<String> = []
    private(set) var faults: [InputFault] = []

    init(_ members: [JSONValue.Member], path: String = "") {
        self.members = members
        self.path = path
    }

    /// A body that is no object has one fault, and no other can be told.
    static func root(_ value: JSONValue) throws(DomainError) -> FieldReader {
        guard case .object(let members) = value else {
            throw .invalid([InputFault("body", "must be an object, not \(value.kind)")])
        }
        return FieldReader(members)
    }

    /// - Throws: `badRequest` with every fault, unknown members included.
    func finish(with others: [InputFault] = []) throws(DomainError) {
        let all = others + allFaults()
        guard all.isEmpty else { throw .invalid(all) }
    }

    /// With one for each member that nobody asked for.
    func allFaults() -> [InputFault] {
        faults
            + members.filter { !known.contains($0.name) }
            .map { InputFault(path(of: Self.printable($0.name)), "is not a known member") }
    }

    mutating func fault(_ name: String, _ message: String) {
        faults.append(InputFault(path(of: name), message))
    }

    mutating func take(_ other: FieldReader) {
        faults += other.allFaults()
    }

    /// Accepted, whatever it is.
    mutating func ignore(_ names: String...) { known.formUnion(names) }

    func has(_ name: String) -> Bool { members.contains { $0.name == name } }

    /// Absent and `null` are the same.
    mutating func optional(_ name: String) -> JSONValue? {
        known.insert(name)
        guard let value = members.first(where: { $0.name == name })?.value, value != .null else { return nil }
        return value
    }

    mutating func required(_ name: String) -> JSONValue? {
        if let value = optional(name) { return value }
        fault(name, "is required")
        return nil
    }

    private func path(of name: String) -> String { path.isEmpty ? name : "\(path).\(name)" }

    /// Names come from outside, and go into an answer: short, and without control characters.
    static func printable(_ text: String, limit: Int = 100) -> String {
        let scalars = text.unicodeScalars.prefix(limit)
        let shown = String(String.UnicodeScalarView(scalars.map { $0.value < 0x20 || $0.value == 0x7F ? "?" : $0 }))
        return scalars.count < text.unicodeScalars.count ? shown + "…" : shown
    }
}

// MARK: Types of members

extension FieldReader {
    mutating func object(_ name: String) -> FieldReader? {
        guard let value = required(name) else { return nil }
        return object(name, value)
    }

    mutating func optionalObject(_ name: String) -> FieldReader? {
        guard let value = optional(name) else { return nil }
        return object(name, value)
    }

    private mutating func object(_ name: String, _ value: JSONValue) -> FieldReader? {
        guard case .object(let members) = value else {
            fault(name, "must be an object, not \(value.kind)")
            return nil
        }
        return FieldReader(members, path: path(of: name))
    }

    /// - Parameter limit: of items, of which there must be one; each an object.
    mutating func objects(_ name: String, limit: Int) -> [FieldReader]? {
        guard let value = required(name), let items = items(name, value, limit: limit) else { return nil }
        guard !items.isEmpty else {
            fault(name, "must have at least 1 item")
            return nil
        }
        return items.enumerated().compactMap { object("\(name)[\($0.offset)]", $0.element) }
    }

    private mutating func items(_ name: String, _ value: JSONValue, limit: Int) -> [JSONValue]? {
        guard case .array(let items) = value else {
            fault(name, "must be an array, not \(value.kind)")
            return nil
        }
        guard items.count <= limit else {
            fault(name, "must have at most \(limit) items")
            return nil
        }
        return items
    }

    /// An id, as a number or as its text.
    mutating func id(_ name: String) -> Int64? {
        guard let value = required(name) else { return nil }
        return id(name, value)
    }

    /// - Parameter limit: of items, of which there must be one; each an id.
    mutating func ids(_ name: String, limit: Int) -> [Int64]? {
        guard let value = required(name), let items = items(name, value, limit: limit) else { return nil }
        guard !items.isEmpty else {
            fault(name, "must have at least 1 item")
            return nil
        }
        return items.enumerated().compactMap { id("\(name)[\($0.offset)]", $0.element) }
    }

    private mutating func id(_ name: String, _ value: JSONValue) -> Int64? {
        switch value {
        case .number(let text), .string(let text):
            if let id = text.decimalInteger, id > 0 { return id }
        case .null, .bool, .array, .object: break
        }
        fault(name, "must be a whole number from 1")
        return nil
    }

    /// - Parameter limit: in characters.
    mutating func string(_ name: String, limit: Int, allowsEmpty: Bool = false) -> String? {
        guard let value = required(name) else { return nil }
        return string(name, value, limit: limit, allowsEmpty: allowsEmpty)
    }

    mutating func optionalString(_ name: String, limit: Int, allowsEmpty: Bool = false) -> String? {
        guard let value = optional(name) else { return nil }
        return string(name, value, limit: limit, allowsEmpty: allowsEmpty)
    }

    mutating func choice<Choice: RawRepresentable<String> & CaseIterable>(
        _ name: String, of type: Choice.Type
    ) -> Choice? {
        guard let value = required(name) else { return nil }
        return choice(name, value, of: type)
    }

    mutating func optionalChoice<Choice: RawRepresentable<String> & CaseIterable>(
        _ name: String, of type: Choice.Type
    ) -> Choice? {
        guard let value = optional(name) else { return nil }
        return choice(name, value, of: type)
    }

    private mutating func choice<Choice: RawRepresentable<String> & CaseIterable>(
        _ name: String, _ value: JSONValue, of type: Choice.Type
    ) -> Choice? {
        guard case .string(let text) = value else {
            fault(name, "must be a string, not \(value.kind)")
            return nil
        }
        guard let choice = Choice(rawValue: text) else {
            fault(name, "must be one of \(Choice.allCases.map(\.rawValue).joined(separator: ", "))")
            return nil
        }
        return choice
    }

    private mutating func string(
        _ name: String, _ value: JSONValue, limit: Int, allowsEmpty: Bool = false
    ) -> String? {
        guard case .string(let text) = value else {
            fault(name, "must be a string, not \(value.kind)")
            return nil
        }
        guard allowsEmpty || !text.isEmpty else {
            fault(name, "must not be empty")
            return nil
        }
        guard text.unicodeScalars.count <= limit else {
            fault(name, "must be at most \(limit) characters")
            return nil
        }
        guard !text.unicodeScalars.contains(where: { $0.value < 0x20 || (0x7F...0x9F).contains($0.value) }) else {
            fault(name, "must not contain control characters")
            return nil
        }
        return text
    }

    mutating func bool(_ name: String) -> Bool? {
        guard let value = required(name) else { return nil }
        return bool(name, value)
    }

    mutating func optionalBool(_ name: String) -> Bool? {
        guard let value = optional(name) else { return nil }
        return bool(name, value)
    }

    private mutating func bool(_ name: String, _ value: JSONValue) -> Bool? {
        guard case .bool(let flag) = value else {
            fault(name, "must be a boolean, not \(value.kind)")
            return nil
        }
        return flag
    }

    /// - Parameter limit: of items; each a string of at most `length` characters.
    mutating func optionalStrings(_ name: String, limit: Int, length: Int) -> [String]? {
        guard let value = optional(name) else { return nil }
        guard let items = items(name, value, limit: limit) else { return nil }
        return items.enumerated().compactMap { string("\(name)[\($0.offset)]", $0.element, limit: length) }
    }

    /// Reads a string further; the fault's own path is replaced by the member's.
    mutating func parse<Value>(
        _ name: String, _ text: String?, _ read: (String) throws(InputFault) -> Value
    ) -> Value? {
        guard let text else { return nil }
        do {
            return try read(text)
        } catch {
            fault(name, error.message)
            return nil
        }
    }
}
