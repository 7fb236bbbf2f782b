/// Why a document was refused, and where.
public struct XMLError: Error, Sendable, Equatable {
    public enum Problem: Sendable, Equatable {
        case tooManyBytes(limit: Int)
        case tooDeep(limit: Int)
        case tooManyElements(limit: Int)
        case tooManyAttributes(limit: Int)
        case invalidUTF8
        /// A character XML does not allow, or does not allow there.
        case invalidCharacter
        /// The XML declaration names another encoding than UTF-8.
        case unsupportedEncoding
        case documentTypeDeclaration
        /// A reference to an entity other than `amp lt gt quot apos`.
        case unknownEntity
        case invalidCharacterReference
        case invalidName
        case unboundPrefix
        case duplicateAttribute
        case mismatchedTag(expected: String)
        case unexpectedEnd
        /// Something else than white space, comments or processing instructions outside the root element.
        case contentOutsideRoot
        case malformed(String)
    }

    public var problem: Problem
    /// Bytes from the document's start.
    public var offset: Int

    public init(_ problem: Problem, at offset: Int) {
        self.problem = problem
        self.offset = offset
    }
}

extension XMLError: CustomStringConvertible {
    public var description: String {
        "XML refused at byte \(offset): \(problem.text)"
    }
}

extension XMLError.Problem {
    var text: String {
        switch self {
        case .tooManyBytes(let limit): "longer than \(limit) bytes"
        case .tooDeep(let limit): "more than \(limit) elements nested"
        case .tooManyElements(let limit): "more than \(limit) elements"
        case .tooManyAttributes(let limit): "more than \(limit) attributes"
        case .invalidUTF8: "not UTF-8"
        case .invalidCharacter: "a character that may not stand here"
        case .unsupportedEncoding: "an encoding other than UTF-8"
        case .documentTypeDeclaration: "a document type declaration"
        case .unknownEntity: "an entity that is not predefined"
        case .invalidCharacterReference: "a character reference to no character"
        case .invalidName: "not a name"
        case .unboundPrefix: "a prefix bound to no namespace"
        case .duplicateAttribute: "an attribute given twice"
        case .mismatchedTag(let expected): "an end tag where </\(expected)> was due"
        case .unexpectedEnd: "the document ends too early"
        case .contentOutsideRoot: "content outside the root element"
        case .malformed(let reason): reason
        }
    }
}
