import Domain
import HTTPTypes
import Hummingbird

/// A revision as an entity tag (RFC 9110, 8.8.3): `"7"`, always strong.
enum RevisionTag {
    static func text(_ revision: Int64) -> String { "\"\(revision)\"" }
}

/// `If-Match`.
enum RevisionCondition: Equatable {
    case none
    /// `*`, or tags of which one must be the current one. Weak tags never match (RFC 9110, 13.1.1).
    case any
    case oneOf([String])

    /// - Throws: `InputFault` when it is neither `*` nor a list of entity tags.
    init(ifMatch request: Request) throws(InputFault) {
        try self.init(request.headers[.ifMatch])
    }

    init(_ text: String?) throws(InputFault) {
        guard let text else {
            self = .none
            return
        }
        guard text.trimmingSpace() != "*" else {
            self = .any
            return
        }
        let tags = text.split(separator: ",", omittingEmptySubsequences: false).map { String($0.trimmingSpace()) }
        for tag in tags {
            let opaque = tag.hasPrefix("W/") ? tag.dropFirst(2) : tag[...]
            guard opaque.count >= 2, opaque.hasPrefix("\""), opaque.hasSuffix("\""),
                !opaque.dropFirst().dropLast().contains("\"")
            else { throw InputFault("If-Match", "must be * or a list of entity tags in double quotes") }
        }
        self = .oneOf(tags)
    }

    func matches(_ revision: Int64) -> Bool {
        switch self {
        case .none, .any: true
        case .oneOf(let tags): tags.contains(RevisionTag.text(revision))
        }
    }

    func require(_ integration: Integration) throws(DomainError) {
        try require(integration.revision, of: "Integration with ID \(integration.id)")
    }

    func require(_ revision: Int64, of what: String) throws(DomainError) {
        guard matches(revision) else {
            throw DomainError(
                .preconditionFailed, "\(what) has changed: its ETag is \(RevisionTag.text(revision)) now.")
        }
    }
}
