import Domain
import Hummingbird

/// The query, taken apart like a body: a misspelt `dryRun` must not make the real thing.
struct QueryReader {
    private var parameters: [(name: String, value: String)]
    private var faults: [InputFault] = []

    init(_ request: Request) {
        let query = request.uri.query ?? ""
        parameters = []
        for pair in query.split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = FormCoding.decode(parts[0]), let value = FormCoding.decode(parts.count > 1 ? parts[1] : "")
            else {
                faults.append(InputFault("query", "is not well encoded"))
                continue
            }
            parameters.append((name, value))
        }
    }

    private mutating func take(_ name: String) -> String? {
        let values = parameters.filter { $0.name == name }
        parameters.removeAll { $0.name == name }
        if values.count > 1 { faults.append(InputFault("query.\(name)", "is given twice")) }
        return values.first?.value
    }

    /// `false` when absent.
    mutating func flag(_ name: String) -> Bool {
        switch take(name) {
        case nil, "false": return false
        case "true": return true
        default:
            faults.append(InputFault("query.\(name)", "must be true or false"))
            return false
        }
    }

    /// `nil` when absent.
    mutating func integer(_ name: String, in range: ClosedRange<Int>) -> Int? {
        guard let text = take(name) else { return nil }
        guard let value = text.decimalInteger.flatMap({ Int(exactly: $0) }), range.contains(value) else {
            faults.append(
                InputFault(
                    "query.\(name)", "must be a whole number from \(range.lowerBound) to \(range.upperBound)"))
            return nil
        }
        return value
    }

    /// `nil` when absent; at most `limit` characters, none of them a control character.
    mutating func text(_ name: String, limit: Int) -> String? {
        guard let text = take(name) else { return nil }
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

    /// `nil` when absent.
    mutating func choice<Choice: RawRepresentable<String> & CaseIterable>(
        _ name: String, of type: Choice.Type
    ) -> Choice? {
        guard let text = take(name) else { return nil }
        guard let choice = Choice(rawValue: text) else {
            fault(name, "must be one of \(Choice.allCases.map(\.rawValue).joined(separator: ", "))")
            return nil
        }
        return choice
    }

    func has(_ name: String) -> Bool { parameters.contains { $0.name == name } }

    mutating func fault(_ name: String, _ message: String) { faults.append(InputFault("query.\(name)", message)) }

    /// The faults so far, with one for each parameter that nobody took.
    consuming func finish() -> [InputFault] {
        faults
            + parameters.map { InputFault("query.\(FieldReader.printable($0.name))", "is not a known parameter") }
    }
}

extension Request {
    /// Of a call that knows no parameter.
    func refuseQuery() throws(DomainError) {
        let faults = QueryReader(self).finish()
        guard faults.isEmpty else { throw .invalid(faults) }
    }
}

/// `application/x-www-form-urlencoded`, of bodies and queries.
enum FormCoding {
    /// `nil` for a bad escape, or what is not UTF-8 then.
    ///
    /// - Parameter plusIsSpace: not in a path.
    static func decode(_ text: some StringProtocol, plusIsSpace: Bool = true) -> String? {
        var bytes: [UInt8] = []
        var iterator = text.utf8.makeIterator()
        while let byte = iterator.next() {
            switch byte {
            case UInt8(ascii: "+") where plusIsSpace: bytes.append(UInt8(ascii: " "))
            case UInt8(ascii: "%"):
                guard let high = iterator.next().flatMap(hex), let low = iterator.next().flatMap(hex) else {
                    return nil
                }
                bytes.append(high << 4 | low)
            default: bytes.append(byte)
            }
        }
        return String(validating: bytes, as: UTF8.self)
    }

    private static func hex(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 0x30...0x39: byte - 0x30
        case 0x41...0x46: byte - 0x37
        case 0x61...0x66: byte - 0x57
        default: nil
        }
    }
}

extension StringProtocol {
    /// Plain decimal digits only: no sign, no space, no leading zero, at most `Int64.max`.
    var decimalInteger: Int64? {
        guard utf8.count <= 19, utf8.allSatisfy({ (0x30...0x39).contains($0) }), utf8.count == 1 || utf8.first != 0x30
        else { return nil }
        return Int64(self)
    }
}
